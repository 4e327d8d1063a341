"""TLS, as a service may set it: which certificates are trusted, and the certificate that we show.

Few services do, so the others do not load this module: see `tls_context`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from noctule.runtime.errors import ConfigurationError, LiteralSecret
from noctule.runtime.secrets import SecretSource, secret_source

PEM = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class PathRef:
    """An environment variable that holds the path of a file."""

    name: str

    def __fspath__(self) -> str:
        path = os.environ.get(self.name, "").strip()
        if not path or PEM in path:
            raise ConfigurationError(f"{self.name} must be set to the path of a PEM file")
        return path


def path_in(variable: str) -> PathRef:
    """Name the variable that holds the path of a file: `path_in("ACME_CLIENT_KEY_FILE")`."""
    return PathRef(variable)


FilePath = str | os.PathLike[str]


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The certificates of one service, as paths of PEM files, or `path_in("VARIABLE")`.

    The files are read when a service is created; after a change, create a new one. Certificates
    and keys themselves are refused: `LiteralSecret`.
    """

    ca_file: FilePath | None = None
    """The only certificate authorities that are trusted."""
    certificate_file: FilePath | None = None
    """Our certificate with its chain, for a provider that asks for one (mutual TLS)."""
    key_file: FilePath | None = None
    """Its private key, unless it is in `certificate_file`."""
    key_password: SecretSource | None = None

    def __post_init__(self) -> None:
        for item in fields(self)[:3]:
            if PEM in str(getattr(self, item.name)):
                raise LiteralSecret(f"Tls: {item.name} takes the path of a file, not its content")
        if self.key_password is not None:
            secret_source(self.key_password, "Tls, for key_password,")
        if self.certificate_file is None and (self.key_file or self.key_password):
            raise ConfigurationError("Tls: a key needs its certificate_file")
