"""Aliases, models and typed dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.model.integration import Enumeration, parts
from noctule.codegen.python.emitter.annotations import RUNTIME, annotation, literals, optional
from noctule.codegen.python.emitter.line_breaks import (
    Brackets,
    Code,
    Strings,
    call,
    collection,
    columns,
    joined,
    lay_out,
)
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block, Imports, docstring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.codegen.model.integration import Field, Method, Record


def type_blocks(
    records: Iterable[Record], methods: Iterable[Method], imports: Imports, without: frozenset[str]
) -> Iterator[Block]:
    """The types that `records` and `methods` use, without the aliases in `without`."""
    records = tuple(records)
    for name, values in aliases(records, methods).items():
        if name not in without:
            literals(values, imports)
            yield Block(tuple(lay_out(Brackets(f"{name} = Literal[", _strings(values), "]"))))
    for record in records:
        yield _union(record, imports) if record.variants else _record(record, imports)


def aliases(records: Iterable[Record], methods: Iterable[Method]) -> dict[str, tuple[str, ...]]:
    """The named enumerations that they use, with their values."""
    fields = (part for record in records for part in record.parts)
    signed = (kind for method in methods for kind in method.types)
    all_parts = (part for kind in (*fields, *signed) for part in parts(kind))
    return {
        part.name: part.values for part in all_parts if isinstance(part, Enumeration) and part.name
    }


def _strings(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(string, values))


def _record(record: Record, imports: Imports) -> Block:
    some = any(field.required for field in record.fields)
    if record.role == "response":
        base = imports.use(RUNTIME, "OpenModel" if record.open else "Model")
    else:
        base = imports.use("typing", "TypedDict") + ("" if some else ", total=False")
    lines = [f"class {record.name}({base}):", *docstring([record.doc], 4)]
    lines += [""] if record.fields else []
    for field in record.fields:
        if record.role == "response":
            lines += _member(field, imports)
        else:
            lines += _key(field, imports, some=some)
    return Block(tuple(lines), definition=True)


def _union(record: Record, imports: Imports) -> Block:
    """The alias of a union whose records are told apart by a member."""
    kinds = dict.fromkeys(reference.name for _, reference in record.variants)
    kinds |= {record.other.name: None} if record.other else {}
    names = [*kinds, imports.use(RUNTIME, "JSON")]
    whole = " | ".join(names)
    fits = len(whole) + 5 <= columns()
    union = whole if fits else Strings((names[0], *(f"| {name}" for name in names[1:])))
    by_value = (
        joined(literal(value), f": {reference.name}") for value, reference in record.variants
    )
    items: list[Code] = [string(record.discriminator), collection("{", by_value, "}")]
    items += [record.other.name] if record.other else []
    variants = call(imports.use(RUNTIME, "Variants"), *items)
    annotated = imports.use("typing", "Annotated")
    alias = collection(f"{record.name} = {annotated}[", [union, variants], "]")
    return Block((*lay_out(alias), *docstring([record.doc], 0)))


def _member(field: Field, imports: Imports) -> Iterator[str]:
    """A field of a model, with its unit if it has one."""
    kind = (annotation if field.required else optional)(field.type, "response", imports)
    if field.wire != field.name:
        imports.use(RUNTIME, "field")
        items = [] if field.required else ["default=None"]
        value = call("field", *items, f"name={string(field.wire)}")
        yield from lay_out(joined(f"{field.name}: {kind} = ", value), 4)
    else:
        yield from annotated(field.name, kind, "" if field.required else " = None")
    if field.doc:
        yield from docstring([field.doc], 4)


def _key(field: Field, imports: Imports, *, some: bool) -> Iterable[str]:
    kind = annotation(field.type, "member", imports)
    if some and not field.required:
        kind = f"{imports.use('typing', 'NotRequired')}[{kind}]"
    return annotated(field.name, kind, "")


def annotated(name: str, kind: str, default: str, indent: int = 4) -> Iterable[str]:
    """`name: kind = default`; a long union goes into parentheses."""
    margin = " " * indent
    line = f"{margin}{name}: {kind}{default}"
    if len(line) <= columns() or " | " not in kind:
        return [line]
    return [f"{margin}{name}: (", f"{margin}    {kind}", f"{margin}){default}"]
