"""From the text of a list or an object to its parts, by the style that the document states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from noctule.sandbox.checks.nesting import nest

if TYPE_CHECKING:
    from noctule.sandbox.stated.parameters import StatedParameter
    from noctule.sandbox.stated.schema_shape import Shape

SEPARATORS = {
    "form": r",",
    "simple": r",",
    "spaceDelimited": r"\+|%20| ",
    "pipeDelimited": r"\||%7[cC]",
    "tabDelimited": r"\t|%09",
}
Pairs = list[tuple[str, str]]
"""Name, decoded, and value, as sent."""


class Misspelt(Exception):
    """The value is written in another style. The message is how it was written."""


def raw_pairs(query: str) -> Pairs:
    """The pairs of a query or a form."""
    pieces = (piece.partition("=") for piece in query.split("&") if piece)
    return [(unquote_plus(name), raw) for name, _, raw in pieces]


def spelt(name: str, style: str, explode: bool, shape: Shape, pairs: Pairs) -> Any:
    """The value of `name` among `pairs` of a query or a form, its leaves as text. Raises
    Misspelt."""
    exact = [raw for key, raw in pairs if key == name]
    if style == "deepObject" or not exact:
        return _nested(name, style, shape, pairs)
    if shape == "array" and explode:
        return [unquote_plus(raw) for raw in exact]
    if len(exact) > 1 and shape:
        raise Misspelt(f"{name}=…&{name}=…")
    if shape in ("array", "object") and not explode:
        return _divided(exact[0], style, shape)
    values = [unquote_plus(raw) for raw in exact]
    return values[0] if len(values) == 1 else values


def _nested(name: str, style: str, shape: Shape, pairs: Pairs) -> Any:
    exact = [key for key, _ in pairs if key == name]
    if style == "deepObject" and shape == "object" and exact:
        raise Misspelt(f"{name}=…")
    inside = [(key, unquote_plus(raw)) for key, raw in pairs if key.startswith((name, f"{name}["))]
    if style != "deepObject" and shape:
        raise Misspelt(f"{inside[0][0]}=…")
    return nest(inside).get(name.partition("[")[0])


def _divided(raw: str, style: str, shape: Shape) -> Any:
    """`a,b`, or `key,value,key,value`. A separator that is part of a value is percent-encoded, but
    where none is written plainly the encoded ones may be meant."""
    separator = SEPARATORS.get(style, ",")
    parts = [unquote_plus(part) for part in re.split(separator, raw)] if raw else []
    if len(parts) == 1 and separator == ",":
        parts = parts[0].split(",")
    return parts if shape == "array" else dict(zip(parts[::2], parts[1::2], strict=False))


def in_path(parameter: StatedParameter, text: str) -> Any:
    """A path parameter without the signs of its style: `;ids=1;ids=2`, `.1.2`, `1,2`. Raises
    Misspelt."""
    name, kind, explode = parameter.name, parameter.shape, parameter.explode
    holds = kind in ("array", "object")
    if parameter.style == "matrix":
        pairs = [_pair(part) for part in text.removeprefix(";").split(";")]
        named = [key for key, _ in pairs]
        if not text.startswith(";") or (name not in named and not (explode and kind == "object")):
            raise Misspelt(f"{{{name}}}")
        if explode and holds:
            return dict(pairs) if kind == "object" else [value for _, value in pairs]
        text = pairs[0][1]
    elif parameter.style == "label":
        if not text.startswith("."):
            raise Misspelt(f"{{{name}}}")
        text = text[1:]
    if not holds:
        return text
    parts = text.split("." if parameter.style == "label" and explode else ",")
    if kind == "array":
        return parts
    return dict(map(_pair, parts) if explode else zip(parts[::2], parts[1::2], strict=False))


def in_header(parameter: StatedParameter, text: str) -> Any:
    """A header in the style "simple"."""
    if parameter.shape not in ("array", "object"):
        return text
    parts = [part.strip() for part in text.split(",")]
    if parameter.shape == "array":
        return parts
    pairs = map(_pair, parts) if parameter.explode else zip(parts[::2], parts[1::2], strict=False)
    return dict(pairs)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
