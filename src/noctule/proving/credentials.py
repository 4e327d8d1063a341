"""Throwaway credentials: random values with the shape of the real ones, new for each proof."""

from __future__ import annotations

import random
import re
import secrets
import string
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from noctule.apidoc.values.patterns import example
from noctule.webhooks.signing.keypair import KeyPair
from noctule.webhooks.signing.sign import new_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack
    from noctule.webhooks import Scheme

ALPHABET = string.digits + string.ascii_letters
LENGTH = 24
"""Characters of a credential, where its shape allows that many: enough to be unique."""
TRIES = 16
SHOWN = frozenset(
    {"public", "setting", "server", "webhook_url", "username", "client_id", "client_certificate"}
)
"""Roles of variables that are not secret."""
OPTIONAL = frozenset({"setting", "session_token"})
"""Roles of variables that have no value of ours where they are not required."""
NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Credentials:
    variables: dict[str, str] = field(repr=False)
    """All variables of the task, by name."""
    secret: dict[str, str] = field(repr=False)
    """Those that must never appear in logs; a public key may."""
    signing: str = field(default="", repr=False)
    """The key that the provider signs deliveries with."""
    published: bytes = b""
    """The document in which the provider publishes its key, if it does."""

    def seen_in(self, text: str) -> tuple[str, ...]:
        """Names of the secrets that `text` contains."""
        return tuple(name for name, value in self.secret.items() if value in text)

    def logins(self, task: IntegrationTask) -> dict[str, str]:
        """User -> password, for each pair of variables in the task."""
        values = {
            role: [self.variables[v.name] for v in task.env_vars if v.role == role]
            for role in ("username", "password")
        }
        return dict(zip(values["username"], values["password"], strict=False))


def throwaway(
    task: IntegrationTask,
    pack: Pack | None,
    scheme: Scheme | None,
    *,
    signers: Collection[str] = (),
    webhook_url: str = "",
    addresses: Mapping[str, str] = NO_ADDRESSES,
) -> Credentials:
    """A value for each variable of the task.

    `addresses` has the parts of addresses by their variable. `signers` names those that verify
    signatures; `scheme` says what their keys look like.
    """
    facts = {fact.name: fact for fact in pack.env} if pack is not None else {}
    environment = pack.environments.get("sandbox") if pack is not None else None
    sandbox = environment.credential_shape if environment is not None else ""
    packed = _packed(task, pack)
    pair = KeyPair("", "")
    variables: dict[str, str] = {}
    for variable in task.env_vars:
        if variable.role in OPTIONAL and not variable.required:
            continue
        fact = facts.get(variable.name)
        value = _shaped_value(fact.shape, sandbox) if fact is not None and fact.shape else ""
        value = value or _random_value()
        if variable.name in packed:
            value = secrets.token_hex(32)  # digits that Base64 may have as well
        if variable.role == "server":
            value = addresses.get(variable.name, "")
        elif variable.role == "webhook_url":
            value = webhook_url
        elif variable.name in signers and scheme is not None:
            pair = KeyPair(value, value) if scheme.key_form == "utf8" else new_key(scheme)
            value = pair.secret
        variables[variable.name] = value
    hidden = {v.name for v in task.env_vars if v.role not in SHOWN and v.name in variables}
    if pair.secret != pair.signing:
        hidden -= {name for name, value in variables.items() if value == pair.secret}
    secret = {name: variables[name] for name in hidden}
    return Credentials(variables, secret, pair.signing, pair.document)


def _packed(task: IntegrationTask, pack: Pack | None) -> set[str]:
    """The variables of signing keys that are written in hexadecimal or in Base64."""
    rules = [(task.signing.secret, task.signing.key)]
    if pack is not None and pack.auth is not None:
        rules.append((pack.auth.sign.get("secret", ""), pack.auth.sign.get("key", "")))
    return {secret for secret, key in rules if key in ("hex", "base64")}


def _shaped_value(shape: str, sandbox: str) -> str:
    """A value of the sandbox's shape where the variable allows it, not of the live one."""
    text = shaped(sandbox) if sandbox else ""
    return text if text and re.fullmatch(shape, text) else shaped(shape)


def _random_value() -> str:
    return f"throwaway_{secrets.token_hex(16)}"


def shaped(shape: str) -> str:
    """Random text that fully matches a regular expression; "" when none is found.

    Starts from an example of the pattern and replaces letters and digits as long as it matches.
    """
    text = example(shape, least=LENGTH) or example(shape) or ""
    chance = random.SystemRandom()
    for place in range(len(text)):
        for _ in range(TRIES):
            drawn = text[:place] + chance.choice(ALPHABET) + text[place + 1 :]
            if text[place] in ALPHABET and re.fullmatch(shape, drawn):
                text = drawn
                break
    return text if re.fullmatch(shape, text) else ""
