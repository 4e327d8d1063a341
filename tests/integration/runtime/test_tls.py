"""Certificates: whom we trust, what an untrusted one is told to be, and the one that we show."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    CallOptions,
    ConfigurationError,
    ConnectionFailed,
    LiteralSecret,
    TimedOut,
    Tls,
    env,
    path_in,
)
from noctule.runtime.testing import FastClock
from noctule.runtime.transport import tls_context as tls_module
from support import hostile
from support.certificates import Authority, TlsServer
from support.runtime_calling import CREATE, READ, Caller, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONCE = CallOptions(attempts=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default context is made once per process."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tls_module.DEFAULT, "_context", None)


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def make(url: str, tls: Tls | None = None) -> Caller:
        sync = request.param == "sync"
        clock = FastClock(10)
        callers.append(Caller(sync=sync, config=config(tls=tls), clock=clock, base_url=url))
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.issue("server.pem")


def failure(caller: Caller) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as caught:
        caller.call(CREATE, body={"a": 1}, options=ONCE)
    assert caught.value.safe_to_retry
    return caught.value


@pytest.mark.parametrize(
    ("options", "cause", "step"),
    [
        ({"self_signed": True}, "self-signed", "ca_file"),
        ({"start": -2 * DAY, "end": -HOUR}, "expired", "clock"),
        ({"start": HOUR, "end": DAY}, "not valid yet", "clock"),
        ({"host": "other.example"}, "another host", "base URL"),
        ({"host": "127.0.0.9"}, "another host", "base URL"),
    ],
)
def test_an_untrusted_certificate_is_said_so(
    connect: Any, authority: Authority, options: Any, cause: str, step: str
) -> None:
    with TlsServer(authority.issue("bad.pem", **options)) as server:
        text = str(failure(connect(server.url, Tls(ca_file=authority.path))))
        assert server.url.removeprefix("https://") in text
        assert cause in text
        assert step in text
        assert server.requests == []


def test_an_unknown_authority_is_said_so(connect: Any, certificate: Path, tmp_path: Path) -> None:
    with TlsServer(certificate) as server:
        for tls in (None, Tls(ca_file=Authority(tmp_path, "another-ca").path)):
            text = str(failure(connect(server.url, tls)))
            assert "signed by a CA that is not known here" in text
            assert "SSL_CERT_FILE" in text


def test_a_port_without_tls_is_said_so(connect: Any) -> None:
    def answer_in_plain_text() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            with suppress(ConnectionError):
                connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_in_plain_text)
        thread.start()
        caller = connect(f"https://127.0.0.1:{listener.getsockname()[1]}")
        assert "does not speak TLS" in str(failure(caller))
        thread.join()


@pytest.mark.parametrize("variable", [*VARIABLES, "option", "option from a variable"])
def test_an_own_authority(
    connect: Any,
    authority: Authority,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    tls = None
    if variable == "option":
        tls = Tls(ca_file=authority.path)
    elif variable == "option from a variable":
        monkeypatch.setenv("ACME_CA_FILE", str(authority.path))
        tls = Tls(ca_file=path_in("ACME_CA_FILE"))
    elif variable == "SSL_CERT_DIR":
        if not shutil.which("openssl"):
            pytest.skip("openssl tells the name that a certificate has in such a folder")
        command = ["openssl", "x509", "-hash", "-noout", "-in", authority.path]
        digest = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / f"{digest}.0").write_bytes(authority.path.read_bytes())
        monkeypatch.setenv(variable, str(tmp_path))
    else:
        monkeypatch.setenv(variable, str(authority.path))
    with TlsServer(certificate) as server:
        caller = connect(server.url, tls)
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        assert caller.call(READ, path={"id": "i1"}).id == "i1"


def test_the_first_setting_decides(
    connect: Any,
    authority: Authority,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Authority(tmp_path, "other-ca").path
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    with TlsServer(certificate) as server:
        failure(connect(server.url))
        assert connect(server.url, Tls(ca_file=authority.path)).call(READ, path={"id": "i"})


def test_an_attempt_over_tls_ends_on_time_too(
    connect: Any, authority: Authority, certificate: Path
) -> None:
    with TlsServer(certificate, hostile.drip_body) as server:
        caller = connect(server.url, Tls(ca_file=authority.path))
        with pytest.raises(TimedOut):
            caller.call(READ, path={"id": "i1"}, options=ONCE)


@pytest.mark.parametrize("parts", ["one file", "two files", "a password"])
def test_a_client_certificate(
    connect: Any,
    authority: Authority,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts: str,
) -> None:
    monkeypatch.setenv("ACME_KEY_PASSWORD", "geheim-7")
    password = b"geheim-7" if parts == "a password" else None
    both = authority.issue("client.pem", "our-service", password=password)
    tls = Tls(ca_file=authority.path, certificate_file=both)
    if parts == "two files":
        key, mark, chain = both.read_text().partition("-----BEGIN CERTIFICATE")
        (tmp_path / "key.pem").write_text(key)
        (tmp_path / "chain.pem").write_text(mark + chain)
        monkeypatch.setenv("ACME_KEY_FILE", str(tmp_path / "key.pem"))
        tls = Tls(
            ca_file=authority.path,
            certificate_file=tmp_path / "chain.pem",
            key_file=path_in("ACME_KEY_FILE"),
        )
    elif parts == "a password":
        tls = Tls(
            ca_file=authority.path, certificate_file=both, key_password=env("ACME_KEY_PASSWORD")
        )
        assert config(tls=tls).secrets == ("ACME_KEY_PASSWORD",)
    with TlsServer(certificate, client_ca=authority.path) as server:
        assert connect(server.url, tls).call(READ, path={"id": "i1"}).id == "i1"


@pytest.mark.parametrize("shown", [False, True])
def test_a_client_certificate_that_is_missing_or_refused_is_said_so(
    connect: Any, authority: Authority, certificate: Path, tmp_path: Path, shown: bool
) -> None:
    tls = Tls(ca_file=authority.path)
    if shown:
        stranger = Authority(tmp_path, "stranger").issue("client.pem", "our-service")
        tls = Tls(ca_file=authority.path, certificate_file=stranger)
    with TlsServer(certificate, client_ca=authority.path) as server:
        text = str(failure(connect(server.url, tls)))
        assert "client certificate" in text
        assert "certificate_file" in text


def test_files_that_cannot_be_used_stop_the_start(
    connect: Any, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_WRONG_PASSWORD", "wrong-password")
    monkeypatch.setenv("ACME_INLINE", "-----BEGIN PRIVATE KEY-----")
    locked = authority.issue("locked.pem", "us", password=b"geheim-7")
    other = authority.issue("other.pem", "us")
    (tmp_path / "text.pem").write_text("nothing")
    faults = {
        "cannot read /nowhere/ca.pem": lambda: Tls(ca_file="/nowhere/ca.pem"),
        "text.pem holds no PEM": lambda: Tls(ca_file=tmp_path / "text.pem"),
        "cannot read /nowhere/c.pem": lambda: Tls(certificate_file="/nowhere/c.pem"),
        "has no key_password": lambda: Tls(certificate_file=locked),
        "does not fit the key_password": lambda: Tls(
            certificate_file=locked, key_password=env("ACME_WRONG_PASSWORD")
        ),
        "does not belong": lambda: Tls(
            certificate_file=other, key_file=authority.issue("third.pem", "us")
        ),
        "ACME_NOT_SET must be set": lambda: Tls(ca_file=path_in("ACME_NOT_SET")),
        "ACME_INLINE must be set": lambda: Tls(ca_file=path_in("ACME_INLINE")),
    }
    for text, make in faults.items():
        with pytest.raises(ConfigurationError) as caught:
            connect("https://localhost:1", make())
        assert text in str(caught.value)
        assert "wrong-password" not in str(caught.value)
        assert "PRIVATE" not in str(caught.value)


def test_a_bundle_of_the_environment_that_is_missing_is_named(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/bundle.pem")
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE: cannot read /nowhere/"):
        connect("https://localhost:1").call(READ, path={"id": "i"}, options=ONCE)


def test_keys_are_never_written_in_code() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIG..."
    for fields in ({"ca_file": pem}, {"certificate_file": pem}, {"key_password": "geheim-7"}):
        with pytest.raises(LiteralSecret) as caught:
            Tls(**fields)  # type: ignore[arg-type]
        assert "MIG" not in str(caught.value)
        assert "geheim" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="certificate_file"):
        Tls(key_file="key.pem")
