"""Secrets: named in code, read from the environment, never shown.

    auth = Bearer(env("STRIPE_SECRET_KEY"))

The code holds the *name* of a variable. Its value is read when a service is created, from `NAME`
or from the file that `NAME_FILE` points to (the convention of Docker and Kubernetes secrets). It
is kept in a `Secret`; only `.reveal()` returns it.
"""

from __future__ import annotations

import hmac
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol, runtime_checkable

from noctule.runtime.errors import ConfigurationError, LiteralSecret, MissingSecrets
from noctule.runtime.redaction.known_secrets import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_FILE_BYTES = 64 * 1024

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
# Credentials that look like the name of a variable.
_CREDENTIAL = re.compile(r"(AKIA|ASIA)[A-Z0-9]{16}|[A-F0-9]{32,}|[A-Z0-9]{40,}")
_PROCESS_KEY = os.urandom(32)


class Secret:
    """A value that only `.reveal()` returns.

    It shows its name wherever it is printed, formatted or put in an exception; pickling and
    encoding fail; copies are the same object. Secrets compare in constant time, and only with
    each other. Redaction masks the value from the construction on.
    """

    __slots__ = ("__weakref__", "_digest", "_name", "_value")

    def __init__(
        self, value: str, name: str = "", *, pinned: bool = False, may_be_empty: bool = False
    ) -> None:
        if not value and not may_be_empty:
            raise ConfigurationError(f"the secret {name or 'without a name'} is empty")
        KNOWN.add(value, pinned=pinned)
        self._name = name
        # A closure, so that code which walks the attributes of an object finds a function.
        self._value: Callable[[], str] = lambda: value
        data = value.encode("utf-8", "surrogatepass")
        self._digest = hmac.digest(_PROCESS_KEY, data, "sha256")

    def reveal(self) -> str:
        """The value, for the one line that sends it."""
        return self._value()

    @property
    def name(self) -> str:
        """The variable it was read from; "" for a secret from elsewhere."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """16 hex digits: equal for equal values within this process, and only there."""
        return self._digest.hex()[:16]

    def __repr__(self) -> str:
        return f"Secret({self._name or '…'})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._digest, other._digest)

    def __hash__(self) -> int:
        return hash(self._digest)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


@runtime_checkable
class SecretSource(Protocol):
    """The source of a credential: `env(...)`, or your own class that reads a vault."""

    @property
    def name(self) -> str:
        """Its name in error messages; never the value."""
        ...

    def read(self) -> Secret:
        """The value, now. Raises `MissingSecrets`."""
        ...


@dataclass(frozen=True, slots=True)
class SecretRef:
    """An environment variable that holds a credential."""

    name: str
    may_be_empty: bool = field(default=False, repr=False)
    """Whether the variable may be set and empty: some providers want an empty password."""

    def read(self, environ: Mapping[str, str] | None = None) -> Secret:
        """Read `NAME`, or the file `NAME_FILE` points to, without line breaks at the end.

        Raises `MissingSecrets` when neither is set or the value is blank (see `may_be_empty`), and
        `ConfigurationError` when both are set or the file cannot be read.
        """
        variables = os.environ if environ is None else environ
        direct, path = variables.get(self.name, ""), variables.get(f"{self.name}_FILE", "")
        if direct and path:
            raise ConfigurationError(f"{self.name} and {self.name}_FILE are both set: keep one")
        value = (_content(Path(path), f"{self.name}_FILE") if path else direct).rstrip("\r\n")
        is_set = self.name in variables or bool(path)
        if not value.strip() and not (self.may_be_empty and is_set and not value):
            raise MissingSecrets([self.name])
        return Secret(value, self.name, pinned=True, may_be_empty=self.may_be_empty)


def env(name: str) -> SecretRef:
    """Name the environment variable that holds a credential: `env("STRIPE_SECRET_KEY")`.

    Raises `LiteralSecret` for anything else than such a name (upper case, digits, underscores): it
    may be the credential itself.
    """
    text = name if type(name) is str else ""
    if not _VARIABLE.fullmatch(text) or _CREDENTIAL.fullmatch(text):
        raise LiteralSecret(
            "env() takes the name of a variable, such as STRIPE_SECRET_KEY;"
            " the argument is not shown, since it may be the credential itself"
        )
    return SecretRef(name)


def secret_source(argument: object, where: str) -> SecretSource:
    """`argument`, if it is a source; else raises `LiteralSecret`, which does not show it."""
    if not isinstance(argument, SecretSource):
        raise LiteralSecret(f'{where} takes env("NAME"), not a value')
    return argument


def read_all(sources: tuple[SecretSource, ...]) -> dict[str, Secret]:
    """Every secret by name. Raises one `MissingSecrets` that names all that are missing."""
    secrets: dict[str, Secret] = {}
    missing: list[str] = []
    for source in sources:
        try:
            secrets[source.name] = source.read()
        except MissingSecrets as error:
            missing += error.names
    if missing:
        raise MissingSecrets(dict.fromkeys(missing))
    return secrets


def require_env(*names: str) -> dict[str, Secret]:
    """Read the variables `names` at start-up, instead of at the first call.

    Raises one `MissingSecrets` that names all that are missing.
    """
    return read_all(tuple(env(name) for name in names))


def _content(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{variable}: cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{variable}: {path} is larger than {MAX_FILE_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{variable}: {path} is not UTF-8 text") from None
