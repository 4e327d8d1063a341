"""The part of an API document that a few operations need, small enough to be kept here.

Requests are kept whole: parameters, bodies and all that they refer to. Answers are kept as deep as
wrappers type them; what lies deeper, other statuses, examples and the end of long prose are left
out. What remains stands as it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PLACES = (ROOT / "../shared/specs", ROOT / ".corpus/package/api")
KEPT = ("openapi", "swagger", "servers", "host", "basePath", "schemes", "consumes", "produces",
        "security", "securityDefinitions")  # fmt: skip
METHODS = ("get", "put", "post", "delete", "patch")
ANSWER_DEPTH = 2
"""References that are followed in an answer."""
PROSE = 120
NAMED = frozenset({"properties", "patternProperties", "parameters", "headers", "schemas",
                   "definitions", "securitySchemes", "responses", "content", "paths",
                   "encoding"})  # fmt: skip
"""Members whose keys are names, not words of OpenAPI."""
EXTENSIONS = ("x-nullable", "x-multi-segment")
SILENT = frozenset({"example", "examples", "externalDocs", "tags", "callbacks", "links"})


def whole(name: str) -> Path | None:
    """The document, where this machine has it."""
    return next((path for place in PLACES if (path := place / name).exists()), None)


def slice_of(document: dict[str, Any], operations: Sequence[str]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for wanted in operations:
        method, _, path = wanted.partition(" ")
        item = document["paths"][path]
        common = {name: value for name, value in item.items() if name not in METHODS}
        kept = paths.setdefault(path, _inlined(document, common))
        kept[method.lower()] = _inlined(document, _operation(item[method.lower()]))
    info = {name: document["info"][name] for name in ("title", "version", "license")
            if name in document["info"]}  # fmt: skip
    made = {name: document[name] for name in KEPT if name in document} | {"info": info}
    made["paths"] = paths
    if schemes := document.get("components", {}).get("securitySchemes"):
        made["components"] = {"securitySchemes": schemes}
    reached = _reached(document, made)
    for reference in sorted(reached):
        _put(made, reference, _inlined(document, _at(document, reference)))
    return _trimmed(made, reached)


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    answers = operation.get("responses", {})
    good = {status: answer for status, answer in answers.items() if str(status).startswith("2")}
    return {**operation, "responses": good or answers}


def _reached(document: dict[str, Any], made: dict[str, Any]) -> set[str]:
    asked, answered = set[str](), set[str]()
    waiting = [("", 0, made)]
    while waiting:
        where, depth, value = waiting.pop()
        for reference, in_answer in _references(value, where == "answer"):
            known = answered if in_answer else asked
            if reference in known or reference in asked:
                continue
            if in_answer and depth >= ANSWER_DEPTH and "/schemas/" in reference:
                continue
            known.add(reference)
            follow = _inlined(document, _at(document, reference))
            waiting.insert(0, ("answer" if in_answer else "", depth + in_answer, follow))
    return asked | answered


def _references(value: Any, answer: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"], answer
        for name, inner in value.items():
            if name not in SILENT:
                yield from _references(inner, answer or name == "responses")
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, answer)


def _inlined(document: dict[str, Any], value: Any) -> Any:
    """Without references to parts of other operations, or of a part of a component."""
    if isinstance(value, list):
        return [_inlined(document, item) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and len(_keys(reference)) > 3:
        return _inlined(document, _at(document, reference))
    return {name: _inlined(document, inner) for name, inner in value.items()}


def _keys(reference: str) -> list[str]:
    from urllib.parse import unquote

    parts = unquote(reference.removeprefix("#/")).split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _at(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for key in _keys(reference):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def _put(made: dict[str, Any], reference: str, value: Any) -> None:
    *parents, last = _keys(reference)
    for key in parents:
        made = made.setdefault(key, {})
    made[last] = value


def _trimmed(value: Any, reached: set[str], *, names: bool = False) -> Any:
    """`names` says that the keys are names, so that a property called "example" stays."""
    if isinstance(value, list):
        return [_trimmed(item, reached) for item in value]
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return value
    if not names and isinstance(reference := value.get("$ref"), str) and reference not in reached:
        return {}
    made: dict[str, Any] = {}
    for name, inner in value.items():
        if not names and (name in SILENT or (name.startswith("x-") and name not in EXTENSIONS)):
            continue
        if not names and name == "description" and isinstance(inner, str):
            made[name] = inner[:PROSE]
        else:
            made[name] = _trimmed(inner, reached, names=not names and name in NAMED)
    return made
