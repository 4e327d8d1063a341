"""TLS and proxies, over real sockets, by both drivers."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from noctule.runtime import CallOptions, ConfigurationError, ConnectionFailed, TimedOut
from noctule.runtime.testing import FastClock
from noctule.runtime.transport import http
from support import hostile
from support.hostile import Connection, HostileServer
from support.runtime_calling import CREATE, READ, Caller, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONCE = CallOptions(attempts=1)


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Caller]]:
    callers: list[Caller] = []

    def make(url: str) -> Caller:
        sync = request.param == "sync"
        callers.append(Caller(sync=sync, config=config(), clock=FastClock(10), base_url=url))
        return callers[-1]

    http._origin.cache_clear()
    yield make
    http._origin.cache_clear()
    for caller in callers:
        caller.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    service_type = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form)
        + service_type.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TlsServer(HostileServer):
    def __init__(self, certificate: Path, *script: hostile.Step) -> None:
        super().__init__(*script)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)

    @property
    def url(self) -> str:
        return super().url.replace("http://127.0.0.1", "https://localhost")

    def _serve(self, connection: Connection) -> None:
        connection.sock.settimeout(5)
        try:
            connection.sock = self._context.wrap_socket(connection.sock, server_side=True)
        except OSError:
            connection.sock.close()
            return
        super()._serve(connection)


def test_a_certificate_that_nobody_vouches_for(connect: Any, certificate: Path) -> None:
    with TlsServer(certificate) as server:
        with pytest.raises(ConnectionFailed) as caught:
            connect(server.url).call(CREATE, body={"a": 1}, options=ONCE)
        assert caught.value.safe_to_retry
        assert server.requests == []


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "_ssl_context", lambda: context)
    return certificate


def test_a_call_over_tls(connect: Any, trusted: Path) -> None:
    with TlsServer(trusted) as server:
        caller = connect(server.url)
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        assert caller.call(READ, path={"id": "i1"}).id == "i1"


def test_an_attempt_over_tls_ends_on_time_too(connect: Any, trusted: Path) -> None:
    with TlsServer(trusted, hostile.drip_body) as server, pytest.raises(TimedOut):
        connect(server.url).call(READ, path={"id": "i1"}, options=ONCE)


def test_the_proxy_of_the_environment_is_used(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileServer() as proxy:
        address = proxy.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"http://user:p%40ss@{address}")
        monkeypatch.setenv("no_proxy", "intern.example")
        assert connect("http://shop.invalid").call(READ, path={"id": "i1"}).id == "i1"
        head = proxy.requests[0].decode()
        assert head.startswith("GET http://shop.invalid/items/i1 HTTP/1.1")
        assert base64.b64encode(b"user:p@ss").decode() in head
        with pytest.raises(ConnectionFailed):
            connect("http://intern.example").call(READ, path={"id": "i1"}, options=ONCE)


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.example", "shop.example", "https://", "https://u:p@shop.example", "http://[:1"],
)
def test_a_base_url_that_is_none(connect: Any, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(url).call(READ, path={"id": "i1"})
    assert "u:p" not in str(caught.value)
