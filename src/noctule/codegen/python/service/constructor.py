"""The constructor of a service whose addresses have variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.annotations import RUNTIME, literals
from noctule.codegen.python.emitter.line_breaks import call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import string
from noctule.codegen.python.emitter.module import docstring, function

if TYPE_CHECKING:
    from noctule.codegen.model.integration import AddressPart, Wrapper
    from noctule.codegen.python.emitter.module import Imports
    from noctule.codegen.python.service.mode import Mode

MOST_LITERALS = 20
"""Values up to which the type of an argument lists them."""


def constructor_lines(wrapper: Wrapper, imports: Imports, mode: Mode) -> list[str]:
    """[] where the runtime's constructor has all arguments."""
    parts = wrapper.address_parts
    if not parts:
        return []
    options = imports.use(RUNTIME, f"{mode.service}Options")
    parameters = [
        "self",
        "*",
        *(f"{part.name}: {_type(part, imports)} | None = None" for part in parts),
        f"**options: {imports.use('typing', 'Unpack')}[{options}]",
    ]
    pairs = [f"{string(part.key)}: {part.name}" for part in parts]
    variables = joined("variables=", collection("{", pairs, "}"))
    body = [
        *docstring(["Where the provider is.", *map(_doc, parts)], 8),
        *lay_out(call("super().__init__", variables, "**options"), 8),
    ]
    return ["", *function("__init__", parameters, "None", body, indent=4, asynchronous=False)]


def _type(part: AddressPart, imports: Imports) -> str:
    listed = 0 < len(part.values) <= MOST_LITERALS
    return literals(part.values, imports) if listed else "str"


def _doc(part: AddressPart) -> str:
    what = f"`{part.name}`: {part.doc or 'a part of the address'}"
    variable = f"from the variable `{part.variable}` if it is not given"
    last = "one of them is needed" if part.default is None else f"else `{part.default}`"
    return f"{what.rstrip('.')}; {variable}, {last}."
