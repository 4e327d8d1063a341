"""What a type is made of: the alternatives of a union, the members of a model, its containers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, Union, get_args, get_origin

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

extended = False
"""Whether there is an open model or a union with variants: without any, nobody looks for them."""


def extend() -> None:
    global extended
    extended = True


@dataclass(frozen=True, eq=False)
class Variants:
    """The models of a union, by the value of the member that tells them apart:
    `Annotated[Cat | Dog | JSON, Variants("kind", {"cat": Cat, "dog": Dog})]`.

    An object with another value is of the model `other`, or stays the dict that was received. A
    value may also lead to a union with variants of its own.
    """

    name: str
    kinds: Mapping[Any, Any]
    other: Any = None
    """The model of an object with another value."""

    def __post_init__(self) -> None:
        extend()

    def kind_of(self, data: Mapping[str, Any]) -> Any:
        """The model of this object; None for a value that nobody has named."""
        value = data.get(self.name)
        return self.kinds.get(value, self.other) if isinstance(value, str | bool) else self.other

    @property
    def models(self) -> tuple[Any, ...]:
        others = [] if self.other is None else [self.other]
        return tuple(dict.fromkeys([*self.kinds.values(), *others]))


@lru_cache(maxsize=4096)
def choices(kind: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the type itself, without annotations."""
    if get_origin(kind) is Annotated:
        variants = variants_of(kind)
        if variants is not None:
            return (*(model for inner in variants.models for model in choices(inner)), dict)
        return choices(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(choice for member in get_args(kind) for choice in choices(member))
    return (kind,)


@lru_cache(maxsize=4096)
def variants_of(kind: Any) -> Variants | None:
    """The variants of a union, which may also be null."""
    if get_origin(kind) is Annotated:
        return next((note for note in get_args(kind)[1:] if isinstance(note, Variants)), None)
    if get_origin(kind) in (Union, UnionType):
        return next(filter(None, map(variants_of, get_args(kind))), None)
    return None


def branch(data: Any, kind: Any) -> Any:
    """The one container type in `kind` that fits `data`; None for a scalar."""
    variants = variants_of(kind)
    if variants is not None and is_object(data):
        return branch(data, variants.kind_of(data))
    fitting = [choice for choice in choices(kind) if _may_be(data, choice)]
    if len(fitting) > 1:
        fitting = [choice for choice in fitting if is_model(choice) and _has_tag(data, choice)]
    return fitting[0] if len(fitting) == 1 else None


def is_object(data: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(data, dict)


def _may_be(data: Any, kind: Any) -> bool:
    if isinstance(data, list):
        return get_origin(kind) is list
    if isinstance(data, dict):
        return is_model(kind) or (get_origin(kind) is dict and get_args(kind)[0] is str)
    return False


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _has_tag(data: Any, model: Any) -> bool:
    config = model.__struct_config__
    return bool(config.tag_field and data.get(config.tag_field) == config.tag)


@lru_cache(maxsize=4096)
def members(model: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(model)


@lru_cache(maxsize=4096)
def wire_names(model: Any) -> frozenset[str]:
    """What an object of this model names: its members, and its tag."""
    tag = model.__struct_config__.tag_field
    return frozenset(model.__struct_encode_fields__) | ({tag} if tag else set[str]())


def is_open(model: Any) -> bool:
    """Whether what the model does not name is always kept."""
    return bool(getattr(model, "__open__", False))


@lru_cache(maxsize=4096)
def is_extended(kind: Any) -> bool:
    """Whether decoding it takes more than msgspec: it holds an open model or variants."""
    return extended and _holds(
        kind, lambda part: variants_of(part) is not None or (is_model(part) and is_open(part))
    )


@lru_cache(maxsize=4096)
def has_decimals(kind: Any) -> bool:
    return _holds(kind, lambda part: part is Decimal)


def _holds(kind: Any, wanted: Callable[[Any], bool]) -> bool:
    seen: set[Any] = set()
    waiting = [kind]
    while waiting:
        part = waiting.pop()
        if wanted(part):
            return True
        inner = [inside for inside in _inside(part) if inside not in seen]
        seen.update(inner)
        waiting += inner
    return False


def _inside(kind: Any) -> Iterator[Any]:
    """The types right inside a type."""
    if is_model(kind):
        yield from (member.type for member in members(kind))
    elif (variants := variants_of(kind)) is not None:
        yield from variants.models
    else:
        arguments = get_args(kind)
        yield from arguments[:1] if get_origin(kind) is Annotated else arguments
