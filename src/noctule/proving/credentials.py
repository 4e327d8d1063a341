"""Throwaway credentials: random at each proof, of the shape that the real ones have."""

from __future__ import annotations

import random
import re
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.apidoc.values.patterns import example
from noctule.webhooks.signing.keypair import KeyPair
from noctule.webhooks.signing.sign import new_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack
    from noctule.webhooks import Scheme

SIGNS = string.digits + string.ascii_letters
LENGTH = 24
"""Signs of a credential where its shape allows that many: enough to be met nowhere else."""
TRIES = 16
SHOWN = frozenset({"public", "setting", "webhook_url", "username", "client_id"})
"""Roles of variables that are no secret."""


@dataclass(frozen=True, slots=True)
class Credentials:
    variables: dict[str, str] = field(repr=False)
    """By name, all that the task lists."""
    secret: dict[str, str] = field(repr=False)
    """Those that must never be seen; a public key is none of them."""
    signing: str = field(default="", repr=False)
    """What the provider signs deliveries with."""
    published: bytes = b""
    """The document in which the provider publishes its key, where it does."""

    def seen_in(self, text: str) -> tuple[str, ...]:
        """Names of the secrets that `text` shows."""
        return tuple(name for name, value in self.secret.items() if value in text)


def throwaway(
    task: IntegrationTask,
    pack: Pack | None,
    scheme: Scheme | None,
    *,
    signers: Collection[str] = (),
    webhook_url: str = "",
) -> Credentials:
    """A value for each variable of the task.

    `signers` names those that verify signatures; `scheme` gives them their form.
    """
    facts = {fact.name: fact for fact in pack.env} if pack is not None else {}
    environment = pack.environments.get("sandbox") if pack is not None else None
    sandbox = environment.credential_shape if environment is not None else ""
    pair = KeyPair("", "")
    variables: dict[str, str] = {}
    for variable in task.env_vars:
        fact = facts.get(variable.name)
        value = _made_up(fact.shape, sandbox) if fact is not None and fact.shape else ""
        value = value or _unshaped()
        if variable.role == "webhook_url":
            value = webhook_url
        elif variable.name in signers and scheme is not None:
            pair = KeyPair(value, value) if scheme.key_form == "utf8" else new_key(scheme)
            value = pair.secret
        variables[variable.name] = value
    hidden = {variable.name for variable in task.env_vars if variable.role not in SHOWN}
    if pair.secret != pair.signing:
        hidden -= {name for name, value in variables.items() if value == pair.secret}
    secret = {name: variables[name] for name in hidden}
    return Credentials(variables, secret, pair.signing, pair.document)


def _made_up(shape: str, sandbox: str) -> str:
    """Of the sandbox's shape where the variable may hold that, so as not to look live."""
    text = shaped(sandbox) if sandbox else ""
    return text if text and re.fullmatch(shape, text) else shaped(shape)


def _unshaped() -> str:
    return f"throwaway_{secrets.token_hex(16)}"


def shaped(shape: str) -> str:
    """Random text that matches a regular expression as a whole; "" when we find none.

    An example of the pattern, each of its letters and digits drawn anew where that still matches.
    """
    text = example(shape, least=LENGTH) or example(shape) or ""
    chance = random.SystemRandom()
    for place in range(len(text)):
        for _ in range(TRIES):
            drawn = text[:place] + chance.choice(SIGNS) + text[place + 1 :]
            if text[place] in SIGNS and re.fullmatch(shape, drawn):
                text = drawn
                break
    return text if re.fullmatch(shape, text) else ""
