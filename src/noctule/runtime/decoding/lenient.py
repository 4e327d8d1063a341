"""Lenient decoding: a response that does not fit its model, as far as it fits.

Members that fit are typed. One that is missing or of another type raises `InvalidMember` when it
is read (`noctule.runtime.decoding.incomplete`), so that no annotation is untrue. An element of a
list or a mapping that is no model stays as it was received. Each such place is a `Violation`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import msgspec

from noctule.runtime.decoding.incomplete import MISSING, Misfit, Misfits, incomplete, misfits_of
from noctule.runtime.decoding.kinds import (
    branch,
    choices,
    is_model,
    is_object,
    is_open,
    members,
    variants_of,
)

MAX_VIOLATIONS = 50
MAX_DEPTH = 100
"""Levels of nested models; a deeper one is decoded as a whole, or not at all."""


class Violation(msgspec.Struct, frozen=True):
    """One place where a response does not fit the API document. It holds no value."""

    pointer: str
    """RFC 6901; "" is the whole response. Names of dynamic members are written `*`."""
    expected: str
    """"string", "integer | null", "PaymentIntent", …"""
    found: str
    """"null", "missing", "string", "unknown value", …"""


def decode_leniently(
    data: Any, kind: Any, *, keep_extra: bool = False
) -> tuple[Any, tuple[Violation, ...]]:
    """`data` (plain JSON values, decimals if `kind` has some) as `kind`, as far as it fits. Raises
    nothing."""
    decoder = _LenientDecoder(keep_extra=keep_extra)
    value = _received(decoder.value(data, kind, "", 0))
    return value, tuple(decoder.violations)


def is_unlike(value: Any, kind: Any) -> bool:
    """Whether `value`, decoded as `kind`, is of another JSON type altogether."""
    return not any(_fits(value, choice) for choice in choices(kind))


def is_hollow(value: Any) -> bool:
    """Whether `value` is an object with none of its model's members, although some are
    required."""
    misfits = misfits_of(value)
    return any(misfit.found == MISSING for misfit in misfits.values()) and all(
        misfits[member.name].found == MISSING
        if member.name in misfits
        else not member.required and getattr(value, member.name) == _default(member)
        for member in msgspec.structs.fields(value)
    )


def _default(member: msgspec.structs.FieldInfo) -> Any:
    factory = member.default_factory
    return member.default if factory is msgspec.NODEFAULT else factory()


def _fits(value: Any, kind: Any) -> bool:
    """Whether `value` has the outer type of `kind`."""
    if kind is Any:
        return True
    outer = get_origin(kind) or kind
    if outer is Literal:
        return isinstance(value, str | int | None)
    return isinstance(outer, type) and isinstance(value, outer)


class _LenientDecoder:
    def __init__(self, *, keep_extra: bool) -> None:
        self.violations: dict[Violation, None] = {}
        self._keep_extra = keep_extra

    def value(self, data: Any, kind: Any, at: str, depth: int) -> Any:
        """The typed value, or a `Misfit`."""
        container = branch(data, kind) if depth < MAX_DEPTH else None
        if is_model(container):
            return self._model(data, container, at, depth + 1)
        if get_origin(container) is list:
            (item,) = get_args(container)
            return [
                self._element(element, item, f"{at}/{index}", depth + 1)
                for index, element in enumerate(data)
            ]
        if get_origin(container) is dict:
            _, member = get_args(container)
            # Names of dynamic members may be personal data: a pointer does not show them.
            return {
                name: self._element(element, member, f"{at}/*", depth + 1)
                for name, element in data.items()
            }
        if variants_of(kind) is not None and is_unlike(data, kind):
            return self._misfit(at, kind, _described(data, kind), data)
        try:
            value = msgspec.convert(data, kind)
        except (msgspec.ValidationError, RecursionError):
            return self._misfit(at, kind, _described(data, kind), _with_floats(data))
        return value if Decimal in choices(kind) else _with_floats(value)

    def _element(self, data: Any, kind: Any, at: str, depth: int) -> Any:
        """An element of a list or a mapping. One that should be an object of a model is an object
        without valid members."""
        value = self.value(data, kind, at, depth)
        if isinstance(value, Misfit) and is_model(kind):
            return _without_members(kind, value)
        return _received(value)

    def _model(self, data: dict[str, Any], model: Any, at: str, depth: int) -> Any:
        config = model.__struct_config__
        if config.tag_field and data.get(config.tag_field, config.tag) != config.tag:
            place = f"{at}/{_escaped(config.tag_field)}"
            self._misfit(place, Literal[config.tag], "unknown value", None)
        fitting: dict[str, Any] = {}
        misfits: Misfits = {}
        for member in members(model):
            pointer = f"{at}/{_escaped(member.encode_name)}"
            if member.encode_name in data:
                element = data[member.encode_name]
                value = self.value(element, member.type, pointer, depth)
            elif member.required:
                value = self._misfit(pointer, member.type, MISSING, None)
            else:
                continue
            (misfits if isinstance(value, Misfit) else fitting)[member.name] = value
        result = self._made(data, model, at, fitting, misfits)
        if self._keep_extra or is_open(model):
            from noctule.runtime.decoding.beyond import keep

            keep(result, _with_floats(data))
        return result

    def _made(
        self, data: Any, model: Any, at: str, fitting: dict[str, Any], misfits: Misfits
    ) -> Any:
        if misfits:
            return incomplete(model, fitting, misfits)
        try:
            return model(**fitting)
        except (ValueError, TypeError):
            # A check of the model itself (`__post_init__`) failed.
            misfit = self._misfit(at, model, "refused by the model", _with_floats(data))
            return _without_members(model, misfit)

    def _misfit(self, at: str, kind: Any, found: str, received: Any) -> Misfit:
        expected = _type_name(kind)
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations[Violation(at, expected, found)] = None
        return Misfit(expected, found, received)


def _received(value: Any) -> Any:
    return value.received if isinstance(value, Misfit) else value


def _without_members(model: Any, misfit: Misfit) -> Any:
    """For what is no such object at all."""
    return incomplete(model, {}, {member.name: misfit for member in members(model)})


def _with_floats(data: Any) -> Any:
    """Plain JSON values with floats for decimals: in place, since nobody else has them."""
    if not isinstance(data, dict | list | Decimal):
        return data
    waiting: list[Any] = [[data]]
    whole = waiting[0]
    while waiting:
        container: Any = waiting.pop()
        pairs: Any = container.items() if is_object(container) else enumerate(container)
        for place, item in pairs:
            if isinstance(item, Decimal):
                container[place] = float(item)
            elif isinstance(item, dict | list):
                waiting.append(item)
    return whole[0]


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


def _type_name(kind: Any) -> str:
    """The name of a type in the terms of JSON Schema."""
    return " | ".join(dict.fromkeys(_choice_name(choice) for choice in choices(kind)))


def _choice_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {len(get_args(kind))} known values"
    plain = get_origin(kind) or kind
    return _NAMES.get(plain) or re.sub(r"[^\w. ]", "", getattr(plain, "__name__", "any"))


def _described(value: Any, kind: Any) -> str:
    """The type of `value`, or "unknown value" for a string that is none of the literals."""
    name = _NAMES.get(type(value), "any")
    if name == "string" and name not in _type_name(kind).split(" | "):
        literal = any(get_origin(choice) is Literal for choice in choices(kind))
        return "unknown value" if literal else name
    return name
