"""Values as Python source. A string literal evaluates to exactly its text, whatever that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from noctule.codegen.python.emitter.line_breaks import Code, collection, joined
from noctule.json_types import is_list, is_object

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Verbatim:
    """Source that stands for a value: the name of a constant."""

    source: str


def string(text: str) -> str:
    """A string literal, in double quotes unless single ones need fewer escapes."""
    if text.isprintable() and "\\" not in text:
        for quote in ('"', "'"):
            if quote not in text:
                return quote + text + quote
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escape(sign, quote) for sign in text) + quote


def octets(text: str) -> str:
    """A bytes literal of the text, in UTF-8."""
    return f"b{string(text)}" if text.isascii() else f"{string(text)}.encode()"


def literal(value: Any) -> Code:
    """A JSON value as source; dicts and lists can break over lines."""
    if isinstance(value, Verbatim):
        return value.source
    if isinstance(value, str):
        return string(value)
    if is_object(value):
        pairs = (joined(f"{string(key)}: ", literal(item)) for key, item in value.items())
        return collection("{", pairs, "}")
    if is_list(value):
        return collection("[", map(literal, value), "]")
    return repr(value).replace("e+", "e") if isinstance(value, float) else repr(value)


def _escape(sign: str, quote: str) -> str:
    if sign == quote:
        return f"\\{sign}"
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    if sign.isprintable():
        return sign
    code = ord(sign)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
