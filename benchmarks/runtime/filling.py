"""Values for type hints, with given texts in every place that takes a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from noctule.runtime import File, Model

DEEPEST = 3
"""Levels of objects whose optional members are given as well."""

JSON_LIKE = Any, object


class Filling:
    """`texts` are used in turn, `number` for every integer. `answer` makes plain JSON instead of
    what a method takes."""

    def __init__(self, texts: Iterator[str], number: int, *, answer: bool = False) -> None:
        self._texts = texts
        self._number = number
        self._answer = answer

    def value(self, kind: Any, depth: int = 0) -> Any:
        kind = _bare(kind)
        origin, inside = get_origin(kind), get_args(kind)
        if kind in JSON_LIKE:
            return {"note": next(self._texts), "list": [next(self._texts), self._number]}
        if origin in (Union, UnionType):
            return self.value(_richest(inside), depth)
        if origin is Literal:
            return inside[0]
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"key": self.value(inside[1], depth + 1)}
        if isinstance(origin, type) and issubclass(origin, Sequence | Iterable):
            return [self.value(inside[0], depth + 1)]
        if is_typeddict(kind):
            return self._members(_told(kind), depth)
        if isinstance(kind, type) and issubclass(kind, Model):
            return self._model(kind, depth)
        return self._scalar(kind)

    def unfit(self, kind: Any) -> Any:
        """An answer with a text in it wherever `kind` is not one, and the other way round."""
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, Model):
            names = [member.encode_name for member in msgspec.structs.fields(kind)]
            return {name: {next(self._texts): [next(self._texts)]} for name in names[::2]}
        if get_origin(kind) is list:
            return [self.unfit(get_args(kind)[0])]
        return [next(self._texts), {next(self._texts): next(self._texts)}]

    def _model(self, kind: type[Model], depth: int) -> Any:
        config = kind.__struct_config__
        members = {
            field.encode_name if self._answer else field.name: (field.type, field.required)
            for field in msgspec.structs.fields(kind)
        }
        values = self._members(members, depth)
        if not self._answer:
            return kind(**values)
        return {**values, config.tag_field: config.tag} if config.tag_field else values

    def _members(self, hints: dict[str, tuple[Any, bool]], depth: int) -> dict[str, Any]:
        return {
            name: self.value(kind, depth + 1)
            for name, (kind, required) in hints.items()
            if required or depth < DEEPEST
        }

    def _scalar(self, kind: Any) -> Any:
        if kind is File:
            return File(next(self._texts).encode(), next(self._texts))
        if kind is bytes:
            text = next(self._texts)
            return text if self._answer else text.encode()
        plain: dict[Any, Any] = {bool: True, int: self._number, float: 1.5, NoneType: None}
        return plain[kind] if kind in plain else next(self._texts)


def _told(kind: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(kind)
    return {
        name: (should_retry, name in kind.__required_keys__) for name, should_retry in hints.items()
    }


def _bare(kind: Any) -> Any:
    while get_origin(kind) in (Annotated, Required, NotRequired):
        kind = get_args(kind)[0]
    return kind


def _richest(kinds: tuple[Any, ...]) -> Any:
    """Of a union: an object or a list rather than a text, and anything rather than None."""
    candidates = [
        kind for kind in kinds if kind is not NoneType and get_origin(kind) is not Literal
    ]
    plain = (str, int, float, bool)
    rich = [
        kind for kind in candidates if kind not in plain and getattr(kind, "__name__", "") != "Null"
    ]
    return (rich or [kind for kind in candidates if kind is str] or candidates or list(kinds))[0]
