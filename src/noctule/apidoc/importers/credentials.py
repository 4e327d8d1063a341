"""Finds credentials, which must not be copied from a capture or a collection."""

from __future__ import annotations

import re
from typing import Any

from noctule.json_types import is_list, is_object

CREDENTIAL = re.compile(
    r"^(authorization|proxy-authorization|cookie|set-cookie|apikey|key|sig|signature|sid|code"
    r"|pass(word|wd|phrase)?|pwd|pin|otp|cvc|cvv|jwt|session)$"
    r"|api[-_]?key|subscription[-_]?key|access[-_]?key|token|secret|credential|private[-_]?key"
    r"|password|session[-_]?id|csrf|xsrf|[-_]auth$|^x-auth",
    re.IGNORECASE,
)
"""Names of values that are or may be secret."""
NO_CREDENTIAL = re.compile(
    r"^(page|next|prev|previous|continuation|sync|pagination)[-_]?(page)?[-_]?token$"
    r"|token[-_]?(type|count|limit)|(max|total|prompt|completion)[-_]?tokens|^tokens$"
    r"|pass(word)?[-_]?(policy|length)|^(zip|country|currency|status|error)[-_]?code$",
    re.IGNORECASE,
)
OPAQUE = re.compile(
    r"^(Bearer|Basic|Token)\s"
    r"|\b(sk|pk|rk|whsec|xox[abprs]|gh[pousr]|glpat|AKIA|ASIA|SG|EAAA|shp(at|ss|ca))[-_.]?[A-Za-z0-9_-]{8,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.|-----BEGIN"
    r"|\b(?:\d[ -]?){13,19}\b"
)
"""Texts that have a secret's shape: tokens by their prefix, JWTs, keys, card numbers."""
LONG = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9_+/=-]{24,}")
PLACEHOLDER = "string"


def is_credential(name: str) -> bool:
    """Whether it is the name of a credential in a header, a query or a body."""
    return bool(CREDENTIAL.search(name)) and not NO_CREDENTIAL.search(name)


def opaque(text: str) -> bool:
    """Whether the text looks like a secret, or could be one."""
    return bool(OPAQUE.search(text) or LONG.search(text))


def without_secrets(value: Any, name: str = "") -> Any:
    """The same value with placeholders for everything that is or looks secret."""
    if is_object(value):
        return {key: without_secrets(member, key) for key, member in value.items()}
    if is_list(value):
        return [without_secrets(item, name) for item in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    if is_credential(name) or opaque(text):
        return PLACEHOLDER if isinstance(value, str) else 1
    return value
