"""The secrets of one receiver: named in code, read at start-up, some valid for a limited time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.runtime.secrets import env, require_env
from noctule.webhooks.errors import InvalidSecret
from noctule.webhooks.verification.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from noctule.runtime.secrets import Secret
    from noctule.webhooks.schemes.scheme import Scheme


FOREVER = float("inf")


@dataclass(frozen=True)
class RetiringSecret:
    """A variable whose secret is being replaced: it is accepted and required `until` a time, which
    needs a time zone, and ignored afterwards."""

    name: str
    until: datetime

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError(f"{self.name}: until needs a time zone")


def read_settings(scheme: Scheme) -> Scheme:
    """The scheme with its `settings` read from the environment; raises MissingSecrets."""
    if not scheme.settings:
        return scheme
    values = require_env(*scheme.settings.values())
    return scheme.with_settings({name: values[v].reveal() for name, v in scheme.settings.items()})


class Keyring:
    """Secrets by environment variable, in the order in which they are tried."""

    def __init__(self, secrets: Sequence[str | RetiringSecret]) -> None:
        if not any(isinstance(entry, str) for entry in secrets):
            raise ValueError("secrets: name the variable of the signing secret")
        self._until: dict[str, float] = {}
        for entry in secrets:
            name, until = (
                (entry.name, entry.until.timestamp())
                if isinstance(entry, RetiringSecret)
                else (entry, FOREVER)
            )
            self._until[env(name).name] = until
        self._values: dict[str, Secret] = {}

    def read(self, scheme: Scheme, now: float) -> None:
        """Read the secrets that are still valid.

        Raises MissingSecrets naming every missing variable, InvalidSecret.
        """
        self._values = require_env(*(name for name, until in self._until.items() if now < until))
        for name, secret in self._values.items():
            if scheme.key_address is not None:
                continue  # the provider publishes the key, this secret is not one
            try:
                key_of(scheme.key_form, scheme.algorithm, secret)
            except InvalidSecret as error:
                raise InvalidSecret(f"{name} {error}") from None

    def at(self, now: float) -> dict[str, Secret]:
        """The secrets that are valid at a time, by variable."""
        return {n: s for n, s in self._values.items() if now < self._until[n]}

    def retiring(self, now: float) -> dict[str, float]:
        """The variables given as RetiringSecret that are still valid, and until when."""
        return {n: until for n, until in self._until.items() if now < until < FOREVER}

    def is_retiring(self, name: str) -> bool:
        """Whether a variable was given as a RetiringSecret."""
        return self._until[name] < FOREVER
