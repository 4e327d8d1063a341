"""An answer that does not fit its model: build what can be built, and say where it broke.

What fits is typed. What does not fit stays as it was received, so that nothing is invented and
nothing is lost. A required member that is missing is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

MOST_VIOLATIONS = 50
DEEPEST = 100
"""Levels of models within models; what lies deeper is taken or left as a whole."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where an answer is not what the document promises. It holds no value."""

    pointer: str
    """RFC 6901; "" is the whole answer. Names of dynamic members are written `*`."""
    expected: str
    """"string", "integer | null", "PaymentIntent", …"""
    found: str
    """"null", "missing", "string", "unknown value", …"""


def decode_leniently(found: Any, kind: Any) -> tuple[Any, tuple[Violation, ...]]:
    """`found` (plain JSON values) as `kind`, as far as it goes. Raises nothing."""
    work = _LenientDecoder()
    value = work.value(found, kind, "", 0)
    return value, tuple(work.violations)


class _LenientDecoder:
    def __init__(self) -> None:
        self.violations: dict[Violation, None] = {}

    def value(self, found: Any, kind: Any, at: str, depth: int) -> Any:
        branch = _branch(found, kind) if depth < DEEPEST else None
        if _is_model(branch):
            return self._model(found, branch, at, depth + 1)
        if get_origin(branch) is list:
            (item,) = get_args(branch)
            return [self.value(x, item, f"{at}/{i}", depth + 1) for i, x in enumerate(found)]
        if get_origin(branch) is dict:
            _, member = get_args(branch)
            # Names of dynamic members may be personal: a pointer does not show them.
            return {k: self.value(x, member, f"{at}/*", depth + 1) for k, x in found.items()}
        try:
            return msgspec.convert(found, kind)
        except (msgspec.ValidationError, RecursionError):
            self._note(at, kind, _found(found, kind))
            return found

    def _model(self, found: dict[str, Any], model: Any, at: str, depth: int) -> Any:
        config = model.__struct_config__
        if config.tag_field and found.get(config.tag_field, config.tag) != config.tag:
            self._note(f"{at}/{_escaped(config.tag_field)}", Literal[config.tag], "unknown value")
        members: dict[str, Any] = {}
        for member in _members(model):
            place = f"{at}/{_escaped(member.encode_name)}"
            if member.encode_name in found:
                given = found[member.encode_name]
                members[member.name] = self.value(given, member.type, place, depth)
            elif member.required:
                self._note(place, member.type, "missing")
                members[member.name] = None
        try:
            return model(**members)
        except (ValueError, TypeError):
            # A check of the model's own (`__post_init__`) refuses it.
            self._note(at, model, "refused by the model")
            return found

    def _note(self, at: str, kind: Any, found: str) -> None:
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations[Violation(at, _words(kind), found)] = None


@lru_cache(maxsize=4096)
def _members(model: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(model)


@lru_cache(maxsize=4096)
def _choices(kind: Any) -> tuple[Any, ...]:
    """The alternatives of a union; of any other type, itself. Annotations are peeled off."""
    if get_origin(kind) is Annotated:
        return _choices(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(choice for each in get_args(kind) for choice in _choices(each))
    return (kind,)


def _branch(found: Any, kind: Any) -> Any:
    """The one container in `kind` that `found` is meant to be; None for a scalar."""
    fitting = [choice for choice in _choices(kind) if _may_be(found, choice)]
    if len(fitting) > 1:
        fitting = [choice for choice in fitting if _is_model(choice) and _has_tag(found, choice)]
    return fitting[0] if len(fitting) == 1 else None


def _may_be(found: Any, kind: Any) -> bool:
    if isinstance(found, list):
        return get_origin(kind) is list
    if isinstance(found, dict):
        return _is_model(kind) or (get_origin(kind) is dict and get_args(kind)[0] is str)
    return False


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _has_tag(found: Any, model: Any) -> bool:
    config = model.__struct_config__
    return bool(config.tag_field and found.get(config.tag_field) == config.tag)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


_NAMES: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    Decimal: "number",
    bool: "boolean",
    NoneType: "null",
    list: "array",
    dict: "object",
    bytes: "base64 text",
    datetime: "date-time",
    date: "date",
    time: "time",
    UUID: "uuid",
}


def _words(kind: Any) -> str:
    """A type, as the document would call it."""
    return " | ".join(dict.fromkeys(_word(choice) for choice in _choices(kind)))


def _word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {len(get_args(kind))} known values"
    plain = get_origin(kind) or kind
    return _NAMES.get(plain) or re.sub(r"[^\w. ]", "", getattr(plain, "__name__", "any"))


def _found(value: Any, kind: Any) -> str:
    """What `value` is, without showing it."""
    is_a = _NAMES.get(type(value), "any")
    # The kind was right, so the value was not.
    if is_a == "string" and is_a not in _words(kind).split(" | "):
        literal = any(get_origin(choice) is Literal for choice in _choices(kind))
        return "unknown value" if literal else is_a
    return is_a
