"""Types of the model as Python annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from noctule.codegen.model.integration import (
    Enumeration,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Reference,
    Scalar,
    Type,
)
from noctule.codegen.python.emitter.literals import string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.python.emitter.module import Imports

RUNTIME = "noctule.runtime"
_SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "bytes": "bytes",
}

Use = Literal["response", "argument", "member"]
"""A member of a model, an argument of a method, or a member of a typed dict."""


def annotation(kind: Type, use: Use, imports: Imports) -> str:
    """The annotation of `kind`. Responses are lists and dicts; arguments may be any container."""
    alternatives = [*_alternatives(kind, use, imports)]
    if len(alternatives) == 1:
        return alternatives[0]
    return " | ".join(dict.fromkeys(alternatives))


def _alternatives(kind: Type, use: Use, imports: Imports) -> Iterator[str]:
    """The parts of a union. They are never cut from its text: a part may hold " | " itself."""
    match kind:
        case Scalar("json"):
            yield imports.use(RUNTIME, "JSON")
        case Scalar("decimal"):
            yield imports.use("decimal", "Decimal")
            if use != "response":
                yield imports.builtin("float")
        case Scalar("file"):
            yield imports.builtin("bytes")
            yield imports.use(RUNTIME, "File")
        case Scalar(name):
            yield imports.builtin(_SCALARS[name])
        case Enumeration(name, values):
            yield name or literals(values, imports)
            yield imports.builtin("str")
        case ListOf(item):
            inner = annotation(item, _within(use), imports)
            yield f"{_container('list', use, imports)}[{inner}]"
        case MapOf(value):
            key, inner = imports.builtin("str"), annotation(value, _within(use), imports)
            yield f"{_container('dict', use, imports)}[{key}, {inner}]"
        case Reference(name):
            yield name
        case OneOf(options):
            for option in options:
                yield from _alternatives(option, use, imports)
        case Nullable(value):
            yield from _alternatives(value, use, imports)
            yield imports.use(RUNTIME, "Null") if use == "argument" else "None"


def _container(name: Literal["list", "dict"], use: Use, imports: Imports) -> str:
    """`list` or `dict` in responses, the abstract type in arguments."""
    if use == "response":
        return imports.builtin(name)
    return imports.use("collections.abc", "Sequence" if name == "list" else "Mapping")


def optional(kind: Type, use: Use, imports: Imports) -> str:
    """The annotation of something whose default is None."""
    text = annotation(kind, use, imports)
    return text if text.endswith("| None") or text == "JSON" else f"{text} | None"


def literals(values: tuple[str, ...], imports: Imports) -> str:
    return f"{imports.use('typing', 'Literal')}[{', '.join(map(string, values))}]"


def _within(use: Use) -> Use:
    """Inside a container, null is a normal value."""
    return "member" if use == "argument" else use
