"""Calls through real proxies: HTTP, HTTPS by CONNECT, SOCKS 5; and proxies that do not work."""

from __future__ import annotations

import base64
import logging
import select
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytest

from noctule.runtime import (
    Bearer,
    CallOptions,
    ConnectionFailed,
    NoAuth,
    ProviderStates,
    ServiceError,
    Tls,
    env,
)
from support.certificates import Authority, TlsServer
from support.hostile import HostileServer
from support.runtime_calling import READ, Caller, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONCE = CallOptions(attempts=1, timeout=5)
PASSWORD = "p@ss:w/rd-77"
QUOTED = "p%40ss%3Aw%2Frd-77"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PROXY_TEST_KEY", "key-of-a-test-7")


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def make(url: str, auth: Any = None, **settings: Any) -> Caller:
        shop = config(auth=auth or NoAuth(), **settings)
        states = ProviderStates()
        caller = Caller(
            sync=request.param == "sync", config=shop, base_url=url, provider_states=states
        )
        callers.append(caller)
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


class Proxy:
    """Takes connections and hands each to `speak`, which returns the address to tunnel to."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]

    def speak(self, sock: socket.socket) -> tuple[str, int] | None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            sock.settimeout(10)
            target = self.speak(sock)
            if target is None:
                return
            # The names of tests do not exist: all of them are on this machine.
            with socket.create_connection(("127.0.0.1", target[1]), 10) as other:
                _relay(sock, other)


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        for source in select.select([one, other], [], [], 10)[0]:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)


class ConnectProxy(Proxy):
    def __init__(self, answer: bytes = b"200 OK") -> None:
        super().__init__()
        self._answer = answer

    def speak(self, sock: socket.socket) -> tuple[str, int] | None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(65536)
        self.heads.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        sock.sendall(b"HTTP/1.1 " + self._answer + b"\r\n\r\n")
        return (host, int(port)) if self._answer.startswith(b"200") else None


class SocksProxy(Proxy):
    """SOCKS 5 (RFC 1928), with a user and password (RFC 1929) where the client offers them."""

    def __init__(self, reply: int = 0) -> None:
        super().__init__()
        self._reply = reply
        self.asked: list[tuple[str, int]] = []
        self.users: list[bytes] = []

    def speak(self, sock: socket.socket) -> tuple[str, int] | None:
        methods = sock.recv(65536)[2:]
        sock.sendall(bytes([5, methods[0]]))
        if methods[0] == 2:
            self.users.append(sock.recv(65536))
            sock.sendall(b"\x01\x00")
        request = sock.recv(65536)
        assert request[3] == 3  # a name, which the proxy resolves
        target = request[5:-2].decode(), struct.unpack(">H", request[-2:])[0]
        self.asked.append(target)
        sock.sendall(bytes([5, self._reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        return None if self._reply else target


@pytest.mark.parametrize("form", ["http://{}", "{}", "http://{}/"])
def test_plain_http_is_forwarded(connect: Any, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    with HostileServer() as proxy:
        address = proxy.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", form.format(f"user:{QUOTED}@{address}"))
        monkeypatch.setenv("no_proxy", "intern.invalid,10.0.0.0/8")
        assert connect("http://shop.invalid").call(READ, path={"id": "i1"}).id == "i1"
        head = proxy.requests[0].decode()
        assert head.startswith("GET http://shop.invalid/items/i1 HTTP/1.1")
        assert base64.b64encode(f"user:{PASSWORD}".encode()).decode() in head
        with pytest.raises(ConnectionFailed, match=r"intern\.invalid"):
            connect("http://intern.invalid").call(READ, path={"id": "i1"}, options=ONCE)
        assert len(proxy.requests) == 1


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[str, Tls]]:
    """A shop with TLS, whose name only a proxy resolves; and how to trust it."""
    authority = Authority(tmp_path)
    with TlsServer(authority.issue("shop.pem", "shop.invalid")) as server:
        port = server.url.rpartition(":")[2]
        yield f"https://shop.invalid:{port}", Tls(ca_file=authority.path)


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_https_is_tunnelled(
    connect: Any, monkeypatch: pytest.MonkeyPatch, shop: tuple[str, Tls], variable: str
) -> None:
    with ConnectProxy() as proxy:
        monkeypatch.setenv(variable, f"user:{QUOTED}@{proxy.address}")
        url, tls = shop
        caller = connect(url, auth=Bearer(env("PROXY_TEST_KEY")), tls=tls)
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        caller.close()
    head = proxy.heads[0].decode()
    assert head.startswith(f"CONNECT {url.removeprefix('https://')} HTTP/1.1")
    assert base64.b64encode(f"user:{PASSWORD}".encode()).decode() in head
    assert "key-of-a-test" not in head


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", f"user:{QUOTED}@"])
def test_socks(
    connect: Any, monkeypatch: pytest.MonkeyPatch, shop: tuple[str, Tls], scheme: str, user: str
) -> None:
    with SocksProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{user}{proxy.address}")
        url, tls = shop
        caller = connect(url, tls=tls)
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        caller.close()
    host, _, port = url.removeprefix("https://").partition(":")
    assert proxy.asked[0] == (host, int(port))
    assert [PASSWORD.encode() in packet for packet in proxy.users] == ([True] if user else [])


def test_this_machine_is_reached_directly(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer() as server, HostileServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        caller = connect(server.url, auth=Bearer(env("PROXY_TEST_KEY")))
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        assert len(server.requests) == 1
        assert proxy.requests == []


class Closing(Proxy):
    def speak(self, sock: socket.socket) -> None:
        sock.recv(65536)


class Babbling(Proxy):
    """Answers what no client of SOCKS or HTTP can read."""

    def speak(self, sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"\xff\xff\xff\xff\r\n\r\n")
        with suppress(OSError):
            sock.recv(65536)


@pytest.mark.parametrize(
    ("make", "scheme", "cause"),
    [
        (lambda: ConnectProxy(b"407 Proxy Authentication Required"), "http", "password"),
        (lambda: ConnectProxy(b"403 geheim"), "http", "status 403"),
        (lambda: SocksProxy(reply=5), "socks5", "no connection to shop.invalid:443"),
        (Closing, "http", "closed"),
        (Closing, "socks5", "SOCKS"),
        (Babbling, "http", "not valid HTTP"),
        (Babbling, "socks5", "SOCKS"),
    ],
)
def test_a_proxy_that_fails_is_named(
    connect: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[], Proxy],
    scheme: str,
    cause: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    with make() as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}://user:{QUOTED}@{proxy.address}")
        caller = connect("https://shop.invalid")
        with pytest.raises(ServiceError) as caught:
            caller.call(READ, path={"id": "i1"}, options=ONCE)
        caller.close()
    text = str(caught.value)
    assert isinstance(caught.value, ConnectionFailed)
    assert proxy.address in text
    assert cause in text
    for secret in (PASSWORD, QUOTED, base64.b64encode(f"user:{PASSWORD}".encode()).decode()):
        assert secret not in text + caplog.text
    assert "geheim" not in text


def test_a_proxy_that_is_not_there_is_named(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConnectionFailed) as caught:
        connect("https://shop.invalid").call(READ, path={"id": "i1"}, options=ONCE)
    assert f"the proxy {address} (HTTPS_PROXY): Connection refused" in str(caught.value)
