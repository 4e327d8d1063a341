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
    match kind:
        case Scalar("json"):
            return imports.use(RUNTIME, "JSON")
        case Scalar("file"):
            return f"{imports.builtin('bytes')} | {imports.use(RUNTIME, 'File')}"
        case Scalar(name):
            return imports.builtin(_SCALARS[name])
        case Enumeration(name, values):
            return f"{name or literals(values, imports)} | {imports.builtin('str')}"
        case ListOf(item):
            return f"{_container('list', use, imports)}[{annotation(item, _within(use), imports)}]"
        case MapOf(value):
            container, key = _container("dict", use, imports), imports.builtin("str")
            return f"{container}[{key}, {annotation(value, _within(use), imports)}]"
        case Reference(name):
            return name
        case OneOf(options):
            parts = [
                part for option in options for part in annotation(option, use, imports).split(" | ")
            ]
            return " | ".join(dict.fromkeys(parts))
        case Nullable(value):
            null = imports.use(RUNTIME, "Null") if use == "argument" else "None"
            return f"{annotation(value, use, imports)} | {null}"


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
