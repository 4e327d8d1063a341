"""The schema of observed values: what all of them have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from noctule.apidoc.values.fits import FORMATS
from noctule.json_types import is_list, is_object, json_type

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "\0unknown"
"""A value that is not known, such as a variable of a collection."""
FILE = "\0file"
"""The content of a file."""
GUESSED = ("date-time", "date", "uuid", "email", "ipv4")
"""Formats that are inferred where every sample has them."""
ADDRESS = re.compile(r"https?://[^\s]+\Z")
WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})\Z")
DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})\.\d+\Z")
NAMING = re.compile(
    r"(id|ids|number|code|phone|zip|key|ref|reference|version|postal.*)\Z", re.IGNORECASE
)
"""Names of fields whose digits are not a number."""
DATA_KEY = re.compile(r"\d+\Z|[0-9a-f]{8}-[0-9a-f-]{27}\Z|\d{4}-\d\d-\d\d|[0-9a-fA-F]{16,}\Z")
"""A key that is data rather than the name of a property."""
MOST_SAMPLES = 200
"""Values looked at for one schema."""


def schema_of(values: Iterable[object]) -> dict[str, Any]:
    """The JSON Schema of JSON values.

    A property is required if there are at least two objects and all have it. The schema contains
    none of the values: no examples, no enum.
    """
    samples = [value for value in [*values][:MOST_SAMPLES] if value != UNKNOWN]
    kinds = list(dict.fromkeys(json_type(value) for value in samples))
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    schema: dict[str, Any] = {}
    if kinds:
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "object" in kinds:
        schema |= members([value for value in samples if is_object(value)])
    if "array" in kinds:
        schema["items"] = schema_of(item for value in samples if is_list(value) for item in value)
    if "string" in kinds and (text_format := format_of([v for v in samples if isinstance(v, str)])):
        schema["format"] = text_format
    return schema


def members(objects: list[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for value in objects for name in value)
    if len(names) >= 2 and all(DATA_KEY.match(name) for name in names):
        return {"additionalProperties": schema_of(v for value in objects for v in value.values())}
    schema: dict[str, Any] = {
        "properties": {
            name: schema_of(value[name] for value in objects if name in value) for name in names
        }
    }
    always = [name for name in names if all(name in value for value in objects)]
    if len(objects) > 1 and always:
        schema["required"] = always
    return schema


def schema_of_texts(name: str, values: Iterable[str]) -> dict[str, Any]:
    """The schema of the values of a parameter or form field, which are texts."""
    samples = [value for value in [*values][:MOST_SAMPLES] if value != UNKNOWN]
    if FILE in samples:
        return {"type": "string", "format": "binary"}
    if samples and all(value in ("true", "false") for value in samples):
        return {"type": "boolean"}
    counts = not NAMING.search(name)
    if samples and counts and all(WHOLE.match(value) for value in samples):
        return {"type": "integer"}
    if samples and counts and all(WHOLE.match(v) or DECIMAL.match(v) for v in samples):
        return {"type": "number"}
    text_format = format_of(samples)
    return {"type": "string", **({"format": text_format} if text_format else {})}


def format_of(texts: list[str]) -> str:
    """The format that every text has; "" where there is none."""
    if not texts:
        return ""
    for name in GUESSED:
        if all(FORMATS[name].match(text) for text in texts):
            return name
    return "uri" if all(ADDRESS.match(text) for text in texts) else ""
