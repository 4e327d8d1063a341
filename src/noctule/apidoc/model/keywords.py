"""The keywords of a schema that restrict or describe values, read from all parts of it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from noctule.apidoc.model.lazy import lazy
from noctule.json_types import is_list, is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.node import Node


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""The value of a keyword that is absent, where None would be null."""


class SchemaKeywords:
    """The half of `Schema` about values; `Schema` provides the parts."""

    if TYPE_CHECKING:

        @lazy
        def parts(self) -> tuple[Node, ...]: ...

    @lazy
    def enum(self) -> tuple[object, ...]:
        """The values that every part lists, null left out."""
        allowed: list[object] | None = None
        for values in self._each("enum"):
            if is_list(values):
                enum = [v for v in values if v is not None]
                allowed = enum if allowed is None else [v for v in allowed if v in enum] or allowed
        return tuple(allowed or ())

    @property
    def const(self) -> object:
        return self._first("const", MISSING)

    @property
    def default(self) -> object:
        return self._first("default", MISSING)

    @lazy
    def examples(self) -> tuple[object, ...]:
        """The document's examples, the nearest first, as written (they may not fit)."""
        examples: list[object] = []
        for part in self.parts:
            several = part.mapping.get("examples")
            if is_list(several):
                examples.extend(several)
            examples.extend(
                part.mapping[key] for key in ("example", "x-example") if key in part.mapping
            )
        return tuple(examples)

    @property
    def format(self) -> str:
        """The format as written; "binary" for Swagger 2's files."""
        if "file" in self._each("type"):
            return "binary"
        return str(self._first("format", "") or "")

    @property
    def pattern(self) -> str | None:
        pattern = self._first("pattern", None)
        return pattern if isinstance(pattern, str) else None

    @property
    def title(self) -> str:
        return str(self._first("title", "") or "")

    @property
    def description(self) -> str:
        return str(self._first("description", "") or "")

    @property
    def read_only(self) -> bool:
        return any(value is True for value in self._each("readOnly"))

    @property
    def write_only(self) -> bool:
        return any(value is True for value in self._each("writeOnly"))

    @property
    def deprecated(self) -> bool:
        return any(value is True for value in self._each("deprecated"))

    # -- bounds

    @lazy
    def minimum(self) -> int | float | None:
        return max(self._numbers("minimum", "exclusiveMinimum"), default=None)

    @lazy
    def maximum(self) -> int | float | None:
        return min(self._numbers("maximum", "exclusiveMaximum"), default=None)

    @lazy
    def exclusive_minimum(self) -> bool:
        """The minimum itself is not a value (both spellings: a flag, or a bound of its own)."""
        return self._excludes("minimum", "exclusiveMinimum", self.minimum)

    @lazy
    def exclusive_maximum(self) -> bool:
        return self._excludes("maximum", "exclusiveMaximum", self.maximum)

    @property
    def multiple_of(self) -> int | float | None:
        return next(iter(self._numbers("multipleOf")), None)

    @property
    def min_length(self) -> int | None:
        return self._least("minLength")

    @property
    def max_length(self) -> int | None:
        return self._most("maxLength")

    @property
    def min_items(self) -> int | None:
        return self._least("minItems")

    @property
    def max_items(self) -> int | None:
        return self._most("maxItems")

    @property
    def min_properties(self) -> int | None:
        return self._least("minProperties")

    @property
    def unique_items(self) -> bool:
        return any(value is True for value in self._each("uniqueItems"))

    # -- reading the parts

    @lazy
    def _mappings(self) -> tuple[Mapping[str, Any], ...]:
        return tuple([part.mapping for part in self.parts])

    def _each(self, keyword: str) -> list[Any]:
        return [mapping[keyword] for mapping in self._mappings if keyword in mapping]

    def _at(self, keyword: str) -> Iterator[Node]:
        return (part.at(keyword) for part in self.parts if keyword in part.mapping)

    def _first(self, keyword: str, otherwise: object) -> object:
        for mapping in self._mappings:
            if keyword in mapping:
                return mapping[keyword]
        return otherwise

    def _numbers(self, *keywords: str) -> list[int | float]:
        return [
            mapping[keyword]
            for keyword in keywords
            for mapping in self._mappings
            if keyword in mapping and is_number(mapping[keyword])
        ]

    def _least(self, keyword: str) -> int | None:
        bounds = self._numbers(keyword)
        return int(max(bounds)) if bounds else None

    def _most(self, keyword: str) -> int | None:
        bounds = self._numbers(keyword)
        return int(min(bounds)) if bounds else None

    def _excludes(self, bound: str, keyword: str, limit: int | float | None) -> bool:
        return any(
            part.mapping.get(keyword) == limit
            if is_number(part.mapping.get(keyword))
            else part.mapping.get(keyword) is True and part.mapping.get(bound) == limit
            for part in self.parts
        )
