"""Records what the official SDKs send: `make golden`, or this file with names of vendors.

The SDKs run as they are installed, against a server of this process: names of hosts lead to the
loopback network, and a certificate made for the occasion is trusted. No request leaves the machine.
Beside the golden bytes goes the part of the vendor's document that its calls need, where the
document is at hand.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.oracles.server import loopback
from support.oracles.slice import slice_of, whole
from support.oracles.steady import steady
from support.oracles.vendors import vendors
from support.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.oracles.calls import Sent, Vendor
    from support.oracles.server import Loopback

GOLDEN = DATA / "bytes"


def record(name: str, vendor: Vendor, server: Loopback) -> None:
    requests = [_golden(sent) for sent in _sent(vendor, server)]
    sdk = f"{vendor.sdk} {metadata.version(vendor.sdk)}"
    golden = {"sdk": sdk, "requests": requests}
    _write(GOLDEN / f"{name}.json", json.dumps(golden, indent=1, ensure_ascii=False))
    document = whole(vendor.document)
    text = "" if document is None else _slice(document, vendor)
    if text:
        _write(GOLDEN / f"{name}.openapi.json", text)
    print(f"{name:14} {sdk:28} {len(requests):2} calls {len(text) / 1000:7.1f} kB of document")


def _slice(document: Path, vendor: Vendor) -> str:
    operations = [call.operation for call in vendor.calls]
    part = slice_of(json.loads(document.read_bytes()), operations)
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def _sent(vendor: Vendor, server: Loopback) -> list[Sent]:
    """Per call, the first request with the method of its operation: others look something up."""
    client, found = vendor.client(), []
    for call in vendor.calls:
        server.seen.clear()
        server.answer = call.answer
        failure = ""
        try:
            call.sdk(client)
        except Exception as error:  # what it thinks of the answer is its own matter
            failure = repr(error)[:500]
        method = call.operation.partition(" ")[0]
        tokens = ("/token", "/oauth2/token")
        of_call = [one for one in server.seen if one.method == method
                   and not one.path.endswith(tokens)]  # fmt: skip
        if not of_call:
            raise SystemExit(f"{vendor.sdk} {call.operation}: no such request; {failure}")
        found.append(of_call[0])
    return found


def _golden(sent: Sent) -> dict[str, Any]:
    one = steady(sent)
    start = f"{one.method} {one.target}"
    return {"request": start, "headers": one.headers, "body": one.body.decode()}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def certified() -> Callable[[], ssl.SSLContext]:
    """Contexts that speak for any host; their issuer is what this process trusts from now on."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = Path(tempfile.mkdtemp(prefix="noctule-golden-"))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "noctule golden bytes")])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    now = datetime.now(UTC)

    def certificate(extensions: list[tuple[Any, bool]], subject: x509.Name, of: Any) -> bytes:
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(name)
        built = built.public_key(of.public_key()).serial_number(x509.random_serial_number())
        built = built.not_valid_before(now - timedelta(days=1))
        built = built.not_valid_after(now + timedelta(days=1))
        for extension, critical in extensions:
            built = built.add_extension(extension, critical)
        return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    issuer = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = [(x509.BasicConstraints(True, None), True), (usage, True), (issuer, False)]
    bundle = folder / "authority.pem"
    bundle.write_bytes(certificate(authority, name, key))
    _trust(str(bundle))
    own = ec.generate_private_key(ec.SECP256R1())
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip

    def for_host(host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host[:60])])
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        path = folder / f"{host}.pem"
        path.write_bytes(private + certificate([(names, False), (known, False)], subject, own))
        context.load_cert_chain(path)
        return context

    def context() -> ssl.SSLContext:
        listening = for_host("localhost")

        def named(connection: ssl.SSLObject, host: str | None, _: object) -> None:
            connection.context = for_host(host or "localhost")

        listening.sni_callback = named  # type: ignore[assignment]
        return listening

    return context


def _trust(bundle: str) -> None:
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ[variable] = bundle
    import certifi

    certifi.where = certifi.core.where = lambda: bundle


def redirect(port: int) -> None:
    """From now on every host of this process is the loopback server."""
    real = socket.getaddrinfo

    def local(host: Any, _: Any, *arguments: Any, **named: Any) -> Any:
        return real("127.0.0.1", port, *arguments, **named)

    socket.getaddrinfo = local  # type: ignore[assignment]
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for spelt in (variable, variable.lower()):
            with suppress(KeyError):
                del os.environ[spelt]


def main(asked: list[str]) -> None:
    chosen = {name: vendor for name, vendor in vendors().items() if not asked or name in asked}
    with loopback(certified()) as server:
        redirect(server.server_port)
        for name, vendor in chosen.items():
            record(name, vendor, server)


if __name__ == "__main__":
    main(sys.argv[1:])
