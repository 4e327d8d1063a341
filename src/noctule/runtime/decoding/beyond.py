"""What takes more than msgspec: members beyond a model's own, and unions with variants.

The response is decoded twice in one step each, as its type and as plain JSON. A completion, made
once for each type, then adds what the type could not hold. Only calls that ask and types that have
such things come here.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

import msgspec

from noctule.runtime.decoding.kinds import (
    branch,
    choices,
    has_decimals,
    is_extended,
    is_model,
    is_object,
    is_open,
    members,
    variants_of,
    wire_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Completion = Callable[[Any, Any], Any]
    """From a typed value and the same value in JSON: the value, or what takes its place."""


def keep(value: Any, data: Mapping[str, Any]) -> None:
    """Keep in `value`, a model, what `data` has beyond its members."""
    names = wire_names(value.__class__)
    value.__dict__["extra"] = {name: item for name, item in data.items() if name not in names}


def beyond(
    kind: Any, decode: Callable[[bytes], Any], *, keep_extra: bool
) -> Callable[[bytes], Any]:
    """A decoder like `decode`, that of msgspec for `kind`, which can do more.

    Raises `msgspec.ValidationError` for a response that does not fit.
    """
    complete = _Completions(keep_extra=keep_extra, exact=has_decimals(kind)).of(kind)
    if complete is None:
        return decode

    def decode_all(data: bytes) -> Any:
        return complete(decode(data), msgspec.json.decode(data))

    return decode_all


class _Completions:
    """One for each part of a type; None for a part that is complete as it is."""

    def __init__(self, *, keep_extra: bool, exact: bool) -> None:
        self._keep_extra = keep_extra
        self._exact = exact
        self._models: dict[Any, Completion] = {}

    def of(self, kind: Any) -> Completion | None:
        if variants_of(kind) is not None:
            return self._variants(kind)
        parts = [part for part in choices(kind) if self._is_concerned(part)]
        if not parts:
            return None
        items = {get_origin(part): self.of(get_args(part)[-1]) for part in parts if get_args(part)}
        models = {part: self._model(part) for part in parts if is_model(part)}
        return _by_type(models, items.get(list), items.get(dict))

    def _is_concerned(self, kind: Any) -> bool:
        if self._keep_extra:
            return is_model(kind) or get_origin(kind) in (list, dict)
        return is_extended(kind)

    def _model(self, model: Any) -> Completion:
        if model not in self._models:
            inner: list[tuple[str, str, Completion]] = []
            kept = wire_names(model) if self._keep_extra or is_open(model) else None
            # A model may hold itself.
            self._models[model] = _completion_of_model(inner, kept)
            for member in members(model):
                complete = self.of(member.type)
                if complete is not None:
                    inner.append((member.encode_name, member.name, complete))
        return self._models[model]

    def _variants(self, kind: Any) -> Completion:
        models = {model: self._model(model) for model in choices(kind) if is_model(model)}
        nullable = NoneType in choices(kind)

        def complete(_: Any, data: Any) -> Any:
            if data is None and nullable:
                return None
            if not is_object(data) or self._exact:
                # Decoded one by one: what is no object is told, and decimals keep their digits.
                raise msgspec.ValidationError
            model = branch(data, kind)
            return models[model](msgspec.convert(data, model), data) if model in models else data

        return complete


def _completion_of_model(
    inner: list[tuple[str, str, Completion]], kept: frozenset[str] | None
) -> Completion:
    def complete(value: Any, data: Any) -> Any:
        for wire, name, complete_member in inner:
            received = data.get(wire)
            if received is not None:
                before = getattr(value, name)
                after = complete_member(before, received)
                if after is not before:
                    msgspec.structs.force_setattr(value, name, after)
        if kept is not None:
            value.__dict__["extra"] = (
                {}
                if kept.issuperset(data)
                else {name: item for name, item in data.items() if name not in kept}
            )
        return value

    return complete


def _by_type(
    models: Mapping[Any, Completion], item: Completion | None, member: Completion | None
) -> Completion:
    def complete(value: Any, data: Any) -> Any:
        kind: Any = value.__class__
        if kind in models:
            return models[kind](value, data)
        if kind is list and item is not None:
            value[:] = map(item, value, data)
        elif kind is dict and member is not None:
            for name, received in data.items():
                value[name] = member(value[name], received)
        return value

    return complete
