"""A documented success that may hold a failure is told, and an ordinary one is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noctule.apidoc import ApiDocument, gaps, parse
from noctule.checks.hidden_failures import hidden_failures

TEXT, TRUTH = {"type": "string"}, {"type": "boolean"}
NULLABLE = {"type": ["string", "null"]}


def described(schema: dict[str, Any]) -> ApiDocument:
    response = {"200": {"content": {"application/json": {"schema": schema}}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/things": {"get": {"responses": response}}},
    }
    return parse(json.dumps(document).encode(), source="shop.json")


def of(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


@pytest.mark.parametrize(
    ("schema", "member"),
    [
        (of(ok=TRUTH, error=TEXT), "ok"),
        (of("success", success=TRUTH, errors={"type": "array", "items": TEXT}), "success"),
        (of(id=TEXT, error=TEXT), "error"),
        (of("id error", id=TEXT, error=NULLABLE), "error"),
        (of(Fault={"type": "object"}), "Fault"),
        (of(codeErreur=TEXT), "codeErreur"),
        ({"oneOf": [of(ok=TRUTH, id=TEXT), of(ok=TRUTH, error=TEXT)]}, "ok"),
        ({"oneOf": [of("id", id=TEXT), of("error", error=TEXT)]}, "error"),
        ({"oneOf": [of(ok=TRUTH), of(ok={**TRUTH, "enum": [False]})]}, "ok"),
        ({"oneOf": [of(ok={"const": True}), of(ok={"const": False})]}, "ok"),
        (of(id=TEXT), ""),
        (of(ok=TRUTH), ""),
        (of("error", error=TEXT), ""),
        (of(status=TEXT, error=NULLABLE), ""),
        (of(error_count={"type": "integer"}, terror=TEXT), ""),
        ({"type": "array", "items": of(error=TEXT)}, ""),
    ],
)
def test_what_shows_a_failure(schema: dict[str, Any], member: str) -> None:
    document = described(schema)
    operations = [*document.operations.values()]
    details = [gap.detail for gap in gaps(document, operations) if gap.kind == "hidden_failure"]
    assert details == ([member] if member else [])
    warnings = hidden_failures(operations, None, "fr")
    assert [f"`{member}`" in text for text in warnings] == ([True] if member else [])
