"""What documents may ask for, and has been held against right requests before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.proving import table
from support.misreadings import DOCUMENT, ID, ITEM, TEXT, TEXTS, content, generated

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = {"type": "array", "items": {"type": "integer"}}
OPTIONAL = {"type": "object", "properties": {"city": TEXT}}
CAT = {"type": "object", "properties": {"kind": TEXT, "name": TEXT}}
DOG = {"type": "object", "properties": {"kind": TEXT, "age": {"type": "integer"}}}
PETS = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
TAG = {"propertyName": "kind"}
FORM = "application/x-www-form-urlencoded"


def body(schema: Any, kind: str = "application/json", **encoding: Any) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": schema, **encoding}
    return {"requestBody": {"required": True, "content": {kind: media}}}


def in_path(style: str, schema: Any, *, explode: bool) -> dict[str, Any]:
    return {"parameters": [{**ID, "style": style, "explode": explode, "schema": schema}]}


def holder(schema: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["it"], "properties": {"it": schema}}


DOCUMENTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "lines": ("post", "/it", body(ITEM, "application/x-ndjson")),
    "lines as a list": ("post", "/it", body({"type": "array", "items": ITEM}, "application/jsonl")),
    "records": ("post", "/it", body(ITEM, "application/json-seq")),
    "matrix list": ("get", "/it/{id}", in_path("matrix", NUMBERS, explode=False)),
    "matrix list, exploded": ("get", "/it/{id}", in_path("matrix", NUMBERS, explode=True)),
    "matrix": ("get", "/it/{id}", in_path("matrix", TEXT, explode=False)),
    "label list": ("get", "/it/{id}", in_path("label", NUMBERS, explode=False)),
    "label list, exploded": ("get", "/it/{id}", in_path("label", NUMBERS, explode=True)),
    "matrix object": ("get", "/it/{id}", in_path("matrix", OPTIONAL, explode=True)),
    "alternatives that overlap": ("post", "/it", body(PETS)),
    "alternatives with a tag": ("post", "/it", body({**PETS, "discriminator": TAG})),
    "a member with alternatives": ("post", "/it", body(holder({**PETS, "discriminator": TAG}))),
    "a required empty object in a form": ("post", "/it", body(holder(OPTIONAL), FORM)),
    "a required empty object in parts": (
        "post", "/it", body(holder(OPTIONAL), "multipart/form-data"),
    ),
    "a required empty list in a form": ("post", "/it", body(holder(TEXTS), FORM)),
    "XML": ("post", "/it", body(ITEM, "application/xml")),
    "text": ("post", "/it", body(TEXT, "text/plain")),
    "bytes": ("put", "/it", body({"type": "string", "format": "binary"}, "image/png")),
    "a required member that is not described": (
        "post", "/it", body({**OPTIONAL, "required": ["code"]}),
    ),
    "a parts body without parts": ("post", "/it", body(OPTIONAL, "multipart/form-data")),
    "a parameter that is JSON": (
        "get", "/it",
        {"parameters": [{"name": "q", "in": "query", "required": True,
                         "content": {"application/json": {"schema": CAT}}}]},
    ),
    "an undeclared variable of the path": ("get", "/it/{other}", {}),
    "a query in the path": ("get", "/it?kind=all", {}),
    "a header with a list": (
        "get", "/it", {"parameters": [{"name": "X-Ids", "in": "header", "schema": TEXTS}]},
    ),
    "a text of any media type": ("get", "/it", {"responses": {"200": content(TEXT, "*/*")}}),
    "an answer of any shape": (
        "get", "/it", {"responses": {"200": content({"example": [1]})}},
    ),
    "no answer described": ("get", "/it", {"responses": {"default": {"description": "…"}}}),
    "a success of any status": ("get", "/it", {"responses": {"2XX": content(ITEM)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_right_request_is_not_refused(name: str, tmp_path: Path) -> None:
    method, path, written = DOCUMENTED[name]
    operation = {"operationId": "doIt", "responses": {"200": content(ITEM)}, **written}
    schemas = {"Cat": CAT, "Dog": DOG}
    components = {**DOCUMENT["components"], "schemas": schemas}
    document = {**DOCUMENT, "paths": {path: {method: operation}}, "components": components}
    project = generated(document)
    matrix = project.proven(tmp_path, project.wrapper, "none", "every_argument")
    assert matrix.held, table(matrix, "en")
