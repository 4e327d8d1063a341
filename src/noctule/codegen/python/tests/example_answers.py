"""Example answers as constants: one for each record that several answers contain."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from noctule.codegen.model.integration import ListOf, MapOf, Nullable, Reference
from noctule.codegen.model.naming import free
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import Code, collection, flat, joined, lay_out
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.naming import constant_name
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from noctule.codegen.model.integration import Integration, Record, Type
    from noctule.codegen.python.emitter.module import Imports

SHORTEST = 40
"""Columns; a shorter value is written out wherever it occurs."""
RESERVED = frozenset({"CALLS", "EVENTS", "JSON"})

Key = tuple[str, str]
"""A record and the source of its value."""


def repeated_answers(integration: Integration) -> frozenset[Key]:
    """The record values that occur more than once in the answers and events."""
    wrapper = integration.wrapper
    counts: Counter[Key] = Counter()

    def count(kind: Type | None, value: Any) -> None:
        for record, item in nested(kind, value):
            key = (record, repr(item))
            counts[key] += 1
            if counts[key] == 1:
                for field in wrapper.record_of[record].fields:
                    count(field.type, item.get(field.wire))

    for method in wrapper.methods:
        count(method.returns, method.response_example)
    for handler in integration.webhooks.handlers if integration.webhooks else ():
        count(Reference(handler.record) if handler.record else None, handler.example)
    return frozenset(key for key, times in counts.items() if times > 1)


def nested(kind: Type | None, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that a value of this type contains directly, with their values."""
    match kind:
        case Nullable(inner):
            yield from nested(inner, value)
        case ListOf(item) if is_list(value):
            for member in value:
                yield from nested(item, member)
        case MapOf(item) if is_object(value):
            for member in value.values():
                yield from nested(item, member)
        case Reference(record) if is_object(value):
            yield record, value
        case _:
            return


class ExampleAnswers:
    """The constants of one module. `elsewhere` names a record's constant in another module,
    `reserved` are names that the module has already."""

    def __init__(
        self,
        records: Mapping[str, Record],
        repeated: frozenset[Key],
        imports: Imports,
        elsewhere: Callable[[str, Any], str] = lambda _, __: "",
        reserved: Iterable[str] = (),
    ) -> None:
        self._records = records
        self._repeated = repeated
        self._imports = imports
        self._elsewhere = elsewhere
        self._names: dict[Key, str] = {}
        self._used = {*RESERVED, *reserved}
        self.blocks: list[Block] = []

    def code(self, kind: Type | None, value: Any) -> Code:
        """The value, with constants for the records that repeat."""
        match kind:
            case Nullable(inner):
                return self.code(inner, value)
            case ListOf(item) if is_list(value):
                return collection("[", [self.code(item, member) for member in value], "]")
            case MapOf(item) if is_object(value):
                return self._members((key, item, member) for key, member in value.items())
            case Reference(record) if is_object(value):
                return self.constant(record, value) or self._written(record, value)
            case _:
                return literal(value)

    def constant(self, record: str, value: Any) -> str:
        """The name of the constant that holds the value; "" where it has none."""
        key = (record, repr(value))
        if key not in self._repeated or len(flat(literal(value))) < SHORTEST:
            return ""
        if key not in self._names:
            self._names[key] = self._elsewhere(record, value) or self._new(record, value)
        return self._names[key]

    def _new(self, record: str, value: Any) -> str:
        written = self._written(record, value)
        name = free((constant_name(record), constant_name(f"{record} example")), self._used)
        json = "" if plainly_typed(value) else self._imports.use(RUNTIME, "JSON")
        annotated = f"{name}: dict[str, {json}]" if json else name
        self.blocks.append(Block(tuple(lay_out(joined(f"{annotated} = ", written)))))
        return name

    def _written(self, record: str, value: dict[str, Any]) -> Code:
        types = {field.wire: field.type for field in self._records[record].fields}
        return self._members((key, types.get(key), member) for key, member in value.items())

    def _members(self, members: Iterable[tuple[str, Type | None, Any]]) -> Code:
        pairs = (joined(f"{string(key)}: ", self.code(kind, value)) for key, kind, value in members)
        return collection("{", pairs, "}")


def plainly_typed(value: Any) -> bool:
    """Whether type checkers know what it holds: nothing in it is empty."""
    if is_object(value):
        return bool(value) and all(map(plainly_typed, value.values()))
    return bool(value) and all(map(plainly_typed, value)) if is_list(value) else True
