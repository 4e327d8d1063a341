"""The path of an operation, with its parameters; none of them can leave its segment.

The styles are those of OpenAPI 3.1 for paths (`simple`, `label`, `matrix`, each also `-explode`),
which are those of RFC 6570; `reserved` keeps slashes, for parameters that are paths themselves.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime.encoding.values import is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

QUERY_STYLES = ("form", "deepObject", "spaceDelimited", "pipeDelimited", "tabDelimited", "brackets",
                "json")  # fmt: skip
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SAFE = string.punctuation.replace("\\", "").replace("#", "")
_PARAMETER = re.compile(r"\{([^{}/]{1,200})\}")


def expand_path(
    template: str,
    values: Mapping[str, object] | None = None,
    styles: Mapping[str, str] | None = None,
) -> str:
    """`/v1/items/{id}` and `{"id": "a/b"}` make `/v1/items/a%2Fb`. It always begins with a slash,
    whatever the template does: a path without one would be part of the host.

    Raises `InvalidArgument` for a parameter that is missing, unknown, empty, or that makes a
    segment `.` or `..`: such a path would address another resource.
    """
    values = values or {}
    pieces, names = _parts(template)
    for name in values:
        if name not in names:
            raise InvalidArgument(f"{template} has no parameter {name!r}")
    path = pieces[0]
    for name, after in zip(names, pieces[1:], strict=True):
        path += _expand(name, values.get(name), (styles or {}).get(name, "simple")) + after
    if values and not {".", ".."}.isdisjoint(path.split("/")):
        raise InvalidArgument(f"{template}: a segment cannot be '.' or '..'")
    return path


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[list[str], list[str]]:
    """What is between the parameters, with characters escaped that no URL may hold; the names."""
    if _ABSOLUTE.match(template):
        raise InvalidArgument("the path of an operation cannot be a whole URL")
    split = _PARAMETER.split(template if template.startswith("/") else f"/{template}")
    return [quote(piece, safe=_SAFE) for piece in split[0::2]], split[1::2]


def _expand(name: str, value: object, style: str) -> str:
    if style == "simple" and type(value) is str:  # nearly every parameter
        return _escaped(name, value)
    style, _, exploded = style.partition("-")
    if style == "reserved":
        return quote(utf8(_required_text(name, value), name), safe="/")
    if style in QUERY_STYLES:
        # The style of a parameter with the same name in the query.
        style, exploded = "simple", ""
    if style not in ("simple", "label", "matrix"):
        raise InvalidArgument(f"{name}: a path has no style {style!r}")
    if not is_container(value):
        encoded = _escaped(name, value)
        return {"simple": encoded, "label": f".{encoded}", "matrix": f";{name}={encoded}"}[style]
    items = _items(name, value, bool(exploded))
    if style == "matrix":
        return _matrix(name, items, bool(exploded), isinstance(members(value, name), dict))
    if style == "label":
        return "." + ("." if exploded else ",").join(items)
    return ",".join(items)


def _items(name: str, value: object, exploded: bool) -> list[str]:
    contents = members(value, name) if is_container(value) else []
    if not contents:
        raise InvalidArgument(f"path parameter {name!r} is empty")
    if isinstance(contents, list):
        return [_escaped(name, item) for item in contents]
    pairs = [(_escaped(name, key), _escaped(name, item)) for key, item in contents.items()]
    return [f"{k}={v}" for k, v in pairs] if exploded else [part for pair in pairs for part in pair]


def _matrix(name: str, items: list[str], exploded: bool, is_object: bool) -> str:
    if not exploded:
        return f";{name}={','.join(items)}"
    return "".join(f";{item}" if is_object else f";{name}={item}" for item in items)


def _escaped(name: str, value: object) -> str:
    return quote(utf8(_required_text(name, value), name), safe="")


def _required_text(name: str, value: object) -> str:
    if value is None:
        raise InvalidArgument(f"path parameter {name!r} is missing")
    encoded = text(value, f"path parameter {name!r}")
    if not encoded:
        raise InvalidArgument(f"path parameter {name!r} is empty")
    return encoded
