"""YAML text of a task: double-quoted strings as on the card, equal bytes for equal tasks."""

from __future__ import annotations

import re
from typing import TypeAlias, Union

Data: TypeAlias = Union[str, int, float, bool, "list[Data]", "dict[str, Data]", None]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_READ_AS_OTHER = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NEEDS_ESCAPE = re.compile(
    r'["\\]|[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|'
    "[\u2028\u2029\ufeff]"
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write(root: dict[str, Data]) -> str:
    """`root` as a YAML document, keys in the order given; ends with a line feed."""
    return "\n".join(_mapping(root, "")) + "\n"


def quoted(text: str) -> str:
    """`text` in double quotes; whatever a YAML reader could refuse or fold is escaped."""
    return f'"{_NEEDS_ESCAPE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")


def _mapping(value: dict[str, Data], indent: str) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        lines += _entry(f"{indent}{_key(key)}:", item, indent)
    return lines


def _sequence(value: list[Data], indent: str) -> list[str]:
    lines: list[str] = []
    for item in value:
        if isinstance(item, dict) and item:
            inner = _mapping(item, indent + "  ")
            lines += [f"{indent}- {inner[0].lstrip()}", *inner[1:]]
        else:
            lines += _entry(f"{indent}-", item, indent)
    return lines


def _entry(head: str, item: Data, indent: str) -> list[str]:
    if isinstance(item, dict) and item:
        return [head, *_mapping(item, indent + "  ")]
    if isinstance(item, list) and item:
        return [head, *_sequence(item, indent + "  ")]
    return [f"{head} {_scalar(item)}"]


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _READ_AS_OTHER
    return key if plain else quoted(key)


def _scalar(value: Data) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return "{}" if isinstance(value, dict) else "[]"
