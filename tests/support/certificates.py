"""Certificates for servers on this machine, made when a test needs them."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.hostile import Connection, HostileServer, Step

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


class Authority:
    """A certificate authority. `path` is the PEM file of its own certificate."""

    def __init__(self, folder: Path, name: str = "acme-ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.path = folder / f"{name}.pem"
        certificate = _builder(self._name, self._name, self._key, -DAY, DAY, ca=True)
        self.path.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def issue(
        self,
        file: str,
        host: str = "localhost",
        *,
        start: timedelta = -DAY,
        end: timedelta = DAY,
        self_signed: bool = False,
        password: bytes | None = None,
    ) -> Path:
        """A PEM file of a certificate and its key. `start` and `end` are from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(host)
        builder = _builder(name, name if self_signed else self._name, key, start, end)
        certificate = builder.sign(key if self_signed else self._key, hashes.SHA256())
        encryption = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        path = self._folder / file
        form = serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(serialization.Encoding.PEM, form, encryption)
        path.write_bytes(secret + _pem(certificate))
        return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: timedelta,
    end: timedelta,
    *,
    ca: bool = False,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    host = str(next(iter(subject)).value)
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host[0].isdigit():
        names = [x509.IPAddress(ip_address(host))]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + start)
        .not_valid_after(now + end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


class TlsServer(HostileServer):
    """`client_ca`: it asks for a certificate of that authority."""

    def __init__(self, certificate: Path, *script: Step, client_ca: Path | None = None) -> None:
        super().__init__(*script)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        if client_ca is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client_ca)

    @property
    def url(self) -> str:
        return super().url.replace("http://127.0.0.1", "https://localhost")

    def _serve(self, connection: Connection) -> None:
        connection.sock.settimeout(5)
        options = {"server_side": True, "do_handshake_on_connect": False}
        connection.sock = sock = self._context.wrap_socket(connection.sock, **options)
        try:
            sock.do_handshake()
        except OSError:
            # What the client sent is read, since closing would be a reset, which takes our alert.
            with socket.socket(fileno=sock.detach()) as plain, suppress(OSError):
                plain.settimeout(5)
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(65536):
                    pass
            return
        super()._serve(connection)
