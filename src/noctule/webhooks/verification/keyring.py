"""The secrets of one receiver: named in code, read at start-up, each valid for its time."""

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
    """A variable whose secret is on its way out: it counts until a moment (with a time zone), and
    is not asked for after it."""

    name: str
    until: datetime

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError(f"{self.name}: until needs a time zone")


def configured(scheme: Scheme) -> Scheme:
    """The scheme with its `settings` read from the environment; raises MissingSecrets."""
    if not scheme.settings:
        return scheme
    found = require_env(*scheme.settings.values())
    return scheme.configured({w: found[name].reveal() for w, name in scheme.settings.items()})


class Keyring:
    """Secrets by variable, in the order in which they are tried."""

    def __init__(self, secrets: Sequence[str | RetiringSecret]) -> None:
        if not any(isinstance(entry, str) for entry in secrets):
            raise ValueError("secrets: name the variable that holds the signing secret")
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
        """Read what is still valid. Raises MissingSecrets naming all that miss, InvalidSecret."""
        self._values = require_env(*(name for name, until in self._until.items() if now < until))
        for name, secret in self._values.items():
            if scheme.fetch is not None:
                continue  # the key is the provider's to publish, the secret only goes with it
            try:
                key_of(scheme, secret.reveal())
            except InvalidSecret as error:
                raise InvalidSecret(f"{name} {error}") from None

    def at(self, now: float) -> dict[str, str]:
        """Values by variable, of those that are valid."""
        return {n: s.reveal() for n, s in self._values.items() if now < self._until[n]}

    def is_retiring(self, name: str) -> bool:
        return self._until[name] < FOREVER
