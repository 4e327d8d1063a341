"""The context for TLS: whom to trust, by the settings of the service or of the machine.

`Tls(ca_file=...)` of the service, else `SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE` or
`CURL_CA_BUNDLE` (the first one that is set), else the system's list. Each replaces all that follow.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpcore2

from noctule.runtime import fork
from noctule.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from noctule.runtime.transport.tls import FilePath, Tls

BUNDLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class TlsContext:
    """The context for connections of one process to a provider; a forked child makes its own.

    With a `Tls`, it is made at once. Raises `ConfigurationError`, which names the file, and
    `MissingSecrets`.
    """

    def __init__(self, tls: Tls | None) -> None:
        self._tls = tls
        self._context = None if tls is None else _new_context(tls)
        fork.register(self)

    def __call__(self) -> ssl.SSLContext:
        context = self._context
        if context is None:
            context = _new_default() if self._tls is None else _new_context(self._tls)
            self._context = context
        return context

    def after_fork(self) -> None:
        fork.abandon(self._context)
        self._context = None


DEFAULT = TlsContext(None)
"""Shared by all services without a `Tls`: loading the system's list takes longer than a call."""


def _new_context(tls: Tls) -> ssl.SSLContext:
    context = _new_default() if tls.ca_file is None else _trusting("Tls: ca_file", tls.ca_file)
    if tls.certificate_file is not None:
        _load_certificate(context, tls, tls.certificate_file)
    return context


def _new_default() -> ssl.SSLContext:
    variable = next((name for name in BUNDLES if os.environ.get(name)), None)
    return (
        httpcore2.default_ssl_context()
        if variable is None
        else _trusting(variable, os.environ[variable])
    )


def _trusting(where: str, path: FilePath) -> ssl.SSLContext:
    """A context that trusts the certificates in a file, or in a folder that c_rehash has made."""
    name = os.fspath(path)
    try:
        if Path(name).is_dir():
            return ssl.create_default_context(capath=name)
        return ssl.create_default_context(cafile=name)
    except ssl.SSLError:
        raise ConfigurationError(f"{where}: {name} holds no PEM certificates") from None
    except OSError as error:
        raise ConfigurationError(f"{where}: cannot read {name}: {error.strerror}") from None


def _load_certificate(context: ssl.SSLContext, tls: Tls, certificate_file: FilePath) -> None:
    secret = tls.key_password.read() if tls.key_password is not None else None
    certificate = os.fspath(certificate_file)
    key = os.fspath(tls.key_file) if tls.key_file is not None else certificate
    for name in (certificate, key):
        try:
            with Path(name).open("rb"):
                pass
        except OSError as error:
            raise ConfigurationError(f"Tls: cannot read {name}: {error.strerror}") from None
    try:
        # A function, since OpenSSL would ask at the terminal if there were no password.
        password = str if secret is None else secret.reveal
        context.load_cert_chain(certificate, key, password=password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            cause = f"the key in {key} does not belong to the certificate in {certificate}"
        else:
            hint = "is encrypted and has no" if secret is None else "does not fit the"
            files = f"{certificate} and {key} hold no certificate and key"
            cause = f"{files}, or the key {hint} key_password"
        raise ConfigurationError(f"Tls: {cause}") from None
