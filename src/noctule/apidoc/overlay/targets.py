"""Which nodes of a document a JSONPath query (RFC 9535) selects.

A location is the keys and indexes from the root to a node.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from noctule.json_types import is_list, is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Location = tuple[str | int, ...]

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*)
      | \['(?P<single>(?:[^'\\\x00-\x1f]|\\['\\])*)'\]
      | \["(?P<double>(?:[^"\\\x00-\x1f]|\\["\\])*)"\]
      | \[(?P<index>0|[1-9]\d*)\]""",
    re.VERBOSE,
)


def select(query: str, document: Any, *, place: str) -> list[Location]:
    """The locations that `query` selects, in its order, each once.

    Raises `Problem` with `place` for a query that is no JSONPath, and where one that is more than
    a path of names needs the extra `tools`.
    """
    if (location := exact(query)) is not None:
        return [location] if _has(document, location) else []
    try:
        from jsonpath_rfc9535 import JSONPathError, find
    except ImportError as error:
        raise Problem("apidoc.overlay_tools", exit=Exit.OUTSIDE, place=place) from error
    try:
        return list(dict.fromkeys(tuple(node.location) for node in find(query, document)))
    except (JSONPathError, RecursionError) as error:
        problem = Problem("apidoc.overlay_query", exit=Exit.USAGE, place=place, cause=error)
        raise problem from error


def exact(query: str) -> Location | None:
    """The one location that a query of names and indexes can select; None for any other query."""
    steps = list(_steps(query[1:])) if query.startswith("$") else [None]
    return None if None in steps else tuple(step for step in steps if step is not None)


def _steps(path: str) -> Iterator[str | int | None]:
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            yield None
            return
        at = match.end()
        if match["index"] is not None:
            yield int(match["index"])
        elif match["name"] is not None:
            yield match["name"]
        else:
            quoted = match["single"] if match["single"] is not None else match["double"]
            yield re.sub(r"\\(.)", r"\1", quoted)


def query_for(location: Sequence[str | int]) -> str:
    """The normalised path (RFC 9535, 2.7) of a location: `$['paths']['/pets']['get']`."""
    return "$" + "".join(f"[{_quoted(step)}]" for step in location)


def _quoted(step: str | int) -> str:
    if isinstance(step, int):
        return str(step)
    body = json.dumps(step, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{body}'"


def location_of(pointer: str, document: Any) -> Location | None:
    """The location of a JSON pointer into the main file; None for another file, or for nothing."""
    if not pointer.startswith("#"):
        return None
    location: Location = ()
    for token in pointer[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        inside = value_at(document, location)
        step = int(name) if is_list(inside) and name.isdecimal() else name
        location = (*location, step)
        if not _has(document, location):
            return None
    return location


def value_at(document: Any, location: Location) -> Any:
    for step in location:
        document = document[step]
    return document


def _has(document: Any, location: Location) -> bool:
    if not location:
        return True
    step, rest = location[0], location[1:]
    if isinstance(step, str):
        return is_object(document) and step in document and _has(document[step], rest)
    return is_list(document) and step < len(document) and _has(document[step], rest)
