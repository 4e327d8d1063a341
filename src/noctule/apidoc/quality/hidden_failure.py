"""Whether a documented success may hold a failure: `200 {"ok": false}`, `200 {"error": …}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.model.schema import Schema

FLAG = re.compile(r"ok|(is_?)?succe(ss|eded|ssful)", re.IGNORECASE)
ERROR = re.compile(
    r"errors?|fault|error_?(code|message|msg|info)|erreurs?|code_?erreur", re.IGNORECASE
)
STATE = frozenset({"status", "state", "statut", "etat"})
"""With one of these, an error is what became of a job or a message: the result itself."""


def hidden_failure(operation: ApiOperation) -> str:
    """The member of the success that reports a failure; "" if the document shows none.

    A flag counts where an error stands beside it, or where it can be nothing but false; an error,
    at the top of an object or of a variant, where it may be missing or null in a success, and
    where no state of the object stands beside it.
    """
    schema = operation.success.schema if operation.success else None
    for variant in _variants(schema) if schema is not None else ():
        flags = [name for name, prop in variant.properties.items() if _flag(name, prop)]
        wrongs = [name for name, prop in variant.properties.items() if _error(name, prop)]
        if flags and (wrongs or _always_false(variant.properties[flags[0]])):
            return flags[0]
        optional = [name for name in wrongs if _optional(variant, name) or variant is not schema]
        if optional and not STATE & {name.lower() for name in variant.properties}:
            return optional[0]
    return ""


def _variants(schema: Schema) -> Iterator[Schema]:
    yield schema
    if schema.type == "union":
        yield from (variant for variant in schema.variants if variant.type == "object")


def _flag(name: str, schema: Schema) -> bool:
    boolean = schema.type == "boolean" or isinstance(schema.const, bool)
    return FLAG.fullmatch(name) is not None and boolean


def _always_false(schema: Schema) -> bool:
    return schema.const is False or [*schema.enum] == [False]


def _error(name: str, schema: Schema) -> bool:
    return ERROR.fullmatch(name) is not None and schema.type in ("string", "object", "array")


def _optional(schema: Schema, name: str) -> bool:
    return name not in schema.required or schema.properties[name].nullable
