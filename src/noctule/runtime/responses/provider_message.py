"""What a provider says in words about a refusal: the text of its error response, wherever that has
one. It is quoted in our messages, so it is redacted, short, and free of control characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from noctule.runtime.redaction import REDACTOR

if TYPE_CHECKING:
    from noctule.runtime.request import Response

MAX_BODY = 64 * 1024
"""Bytes; a longer body is not read for its message."""
MAX_LENGTH = 300
DEPTH = 4
_ADDRESS = re.compile(r"[^\s@<>()\"',;:]{1,64}@[^\s@<>()\"',;:]{1,255}")
"""Of e-mail."""
NAMES = (
    "detail", "error_description", "message", "msg", "error_message", "errormessage", "faultstring",
    "error", "errors", "fault", "title", "description", "reason", "erreur", "erreurs", "libelle",
)  # fmt: skip
"""Members that hold it, or an object or a list with it, the most telling ones first."""


def provider_message(response: Response) -> str:
    """The text; "" if there is none."""
    content = response.content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content.startswith((b"{", b"[")) or len(content) > MAX_BODY:
        return ""
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        return ""
    return _quotable(_text_of(body, DEPTH))


def _text_of(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value.strip()
    if depth == 0 or not value:
        return ""
    if _is_list(value):
        return _text_of(value[0], depth - 1)
    if not isinstance(value, dict):
        return ""
    members = {name.lower(): member for name, member in cast("dict[str, Any]", value).items()}
    for name in NAMES:
        text = _text_of(members.get(name), depth - 1)
        if text:
            title = members.get("title") if name == "detail" else None
            return f"{title}: {text}" if isinstance(title, str) and title != text else text
    return _of_a_field(members) if depth < DEPTH else ""


def _of_a_field(members: dict[str, Any]) -> str:
    """For `{"errors": {"name": ["is too long"]}}`: what is wrong with the first field."""
    name, value = next(iter(members.items()))
    if _is_list(value):
        value = value[0] if value else None
    return f"{name}: {value.strip()}" if isinstance(value, str) else ""


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _quotable(text: str) -> str:
    if not text:
        return ""
    beginning = _ADDRESS.sub("[redacted]", REDACTOR.beginning(text, MAX_LENGTH))[:MAX_LENGTH]
    line = " ".join(beginning.split())
    return "".join(char if char.isprintable() else "�" for char in line).replace('"', "'")
