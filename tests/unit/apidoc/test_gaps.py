"""What the card calls an incomplete document is named, operation by operation."""

import json
import tomllib
from typing import Any, get_args

import pytest

from noctule.apidoc import ApiDocument, parse
from noctule.apidoc.quality.gaps import gaps
from noctule.messages import LANGUAGES, Language, catalog
from support.paths import ROOT

TEXT = {"type": "string"}
OBJECT = {"type": "object", "properties": {"a": TEXT}}
FINE = {"content": {"application/json": {"schema": OBJECT}}}
BEARER = {"bearer": {"type": "http", "scheme": "bearer"}}


def document(
    method: str = "get", sections: dict[str, Any] | None = None, **written: object
) -> ApiDocument:
    operation = {
        "operationId": "it",
        "summary": "It",
        "responses": {"200": FINE, "401": FINE, "429": FINE},
        "security": [{"bearer": []}],
        **written,
    }
    raw = {
        "openapi": "3.1.0",
        "info": {"title": "It", "version": "1"},
        "servers": [{"url": "https://sandbox.a.example"}],
        "components": {"securitySchemes": BEARER},
        "webhooks": {"w": {"post": {"description": "Signed with HMAC."}}},
        "paths": {"/it": {method: {k: v for k, v in operation.items() if v is not None}}},
        **(sections or {}),
    }
    return parse(json.dumps(raw).encode(), source="test")


def kinds(made: ApiDocument) -> set[str]:
    return {gap.kind for gap in gaps(made, made.operations.values())}


def blocking(made: ApiDocument) -> set[str]:
    return {gap.kind for gap in gaps(made, made.operations.values()) if gap.blocking}


def test_a_complete_document_lacks_only_an_example() -> None:
    assert kinds(document()) == {"example"}


@pytest.mark.parametrize(
    "success",
    [
        {"204": {}},
        {"200": FINE},
        {"201": FINE, "202": {}},
        {"200": {"content": {"text/csv": {}}}},
        {"200": {"content": {"application/octet-stream": {}}}},
        {"200": {"content": {"text/event-stream": {"itemSchema": TEXT}}}},
        {"2XX": FINE},
    ],
    ids=str,
)
def test_an_answer_that_is_described(success: dict[str, object]) -> None:
    assert blocking(document(responses={**success, "401": FINE})) == set()


@pytest.mark.parametrize(
    "success",
    [
        {},
        {"200": {}},
        {"200": {"content": {}}},
        {"200": {"content": {"application/json": {}}}},
        {"200": {"content": {"application/json": {"schema": {}}}}},
        {"200": {"content": {"application/json": {"schema": {"$ref": "#/gone"}}}}},
        {"302": {}},
    ],
    ids=str,
)
def test_an_answer_that_is_not_described_blocks(success: dict[str, object]) -> None:
    assert blocking(document(responses={**success, "401": FINE})) == {"response_schema"}


@pytest.mark.parametrize("status", ["400", "4XX", "500", "default"])
def test_any_error_answer_will_do(status: str) -> None:
    assert "error_responses" not in kinds(document(responses={"200": FINE, status: FINE}))
    assert "error_schema" in kinds(document(responses={"200": FINE, status: {}}))


def test_no_error_answer_blocks() -> None:
    assert blocking(document(responses={"200": FINE})) == {"error_responses"}
    assert blocking(document(responses=None)) == {"response_schema", "error_responses"}


@pytest.mark.parametrize(
    ("written", "sections"),
    [
        ({}, {}),
        ({"security": None}, {"security": [{"bearer": []}]}),
        ({"security": None, "parameters": [{"name": "Authorization", "in": "header"}]}, {}),
        ({"security": None, "parameters": [{"name": "X-Server-Token", "in": "header"}]}, {}),
        ({"security": None, "parameters": [{"name": "api_key", "in": "query"}]}, {}),
    ],
    ids=str,
)
def test_authentication_that_is_described(
    written: dict[str, Any], sections: dict[str, Any]
) -> None:
    assert "auth" not in kinds(document(sections=sections, **written))


@pytest.mark.parametrize("security", [[], [{}]])
def test_an_operation_is_public_where_others_are_not(security: list[Any]) -> None:
    """Generators write an empty list into every operation of documents without security."""
    alone = document(security=security)
    assert "auth" in kinds(alone)
    secured = {**alone.raw["paths"], "/me": {"get": {"security": [{"bearer": []}]}}}
    beside = parse(json.dumps({**alone.raw, "paths": secured}).encode(), source="test")
    public = [op for op in beside.operations.values() if op.public]
    assert "auth" not in {gap.kind for gap in gaps(beside, tuple(public))}


@pytest.mark.parametrize(
    ("written", "sections"),
    [
        ({"security": None}, {}),
        ({"security": [{"unknown": []}]}, {}),
        ({"security": None, "parameters": [{"name": "page_token_size", "in": "query"}]}, {}),
        ({"security": None, "parameters": [{"name": "token", "in": "path"}]}, {}),
    ],
    ids=str,
)
def test_authentication_that_is_not_described_blocks(
    written: dict[str, Any], sections: dict[str, Any]
) -> None:
    assert blocking(document(sections=sections, **written)) == {"auth"}


def test_what_one_can_live_without() -> None:
    bare = document(
        "post", {"servers": [], "webhooks": {}}, operationId=None, summary=None,
        responses={"200": FINE, "400": {}},
    )  # fmt: skip
    assert kinds(bare) == {
        "operation_id", "description", "error_schema", "unauthorized", "rate_limit", "idempotency",
        "example", "webhooks", "servers",
    }  # fmt: skip
    assert blocking(bare) == set()


def test_idempotency_and_rate_limit_headers_count() -> None:
    made = document(
        "post",
        parameters=[{"name": "Idempotency-Key", "in": "header"}],
        responses={"200": {**FINE, "headers": {"X-RateLimit-Remaining": {}}}, "default": FINE},
    )
    assert not {"idempotency", "rate_limit"} & kinds(made)


@pytest.mark.parametrize("name", ["page", "cursor", "starting_after", "limit", "pageToken"])
def test_pagination(name: str) -> None:
    many = {"200": {"content": {"a/json": {"schema": {"type": "array"}}}}, "401": FINE}
    assert "pagination" in kinds(document(responses=many))
    parameters = [{"name": name, "in": "query"}]
    assert "pagination" not in kinds(document(responses=many, parameters=parameters))


def test_callbacks_are_word_of_webhooks() -> None:
    assert "webhooks" in kinds(document(sections={"webhooks": {}}))
    callbacks = {"done": {"{$url}": {"post": {}}}}
    assert "webhooks" not in kinds(document(sections={"webhooks": {}}, callbacks=callbacks))


def test_blocking_gaps_come_first_and_only_the_planned_operations_count() -> None:
    made = document(sections={"paths": {"/a": {"get": {}}, "/b": {"get": {}}}})
    found = gaps(made, [made.operations["GET /a"]])
    flags = [gap.blocking for gap in found]
    assert flags == sorted(flags, reverse=True)
    assert {gap.operation for gap in found} == {"GET /a"}
    assert gaps(made, []) == ()


def test_every_gap_has_words_in_both_languages() -> None:
    bare = parse(b'{"openapi": "3.0.0", "paths": {"/a": {"post": {}}}}', source="test")
    found = gaps(bare, bare.operations.values())
    assert len(found) > 5
    for gap in found:
        words = {gap.text(language) for language in LANGUAGES}
        assert len(words) == 2
        assert all(gap.operation in text for text in words)
        assert len({gap.fix(language) for language in LANGUAGES}) == 2


def test_the_catalogue_is_complete() -> None:
    assert set(get_args(Language)) == {"en", "fr"}
    for name, texts in catalog("apidoc").items():
        assert {"en", "fr"} <= set(texts), name
        assert {"next_en", "next_fr"} <= set(texts), name


def test_no_entry_of_the_catalogue_is_unused() -> None:
    room = ROOT / "src" / "noctule" / "apidoc"
    code = "".join(path.read_text(encoding="utf-8") for path in room.rglob("*.py"))
    for name in tomllib.loads(
        (room.parent / "messages" / "catalog" / "apidoc.toml").read_text(encoding="utf-8")
    ):
        assert f'"{name.removeprefix("gap_")}"' in code or f"apidoc.{name}" in code, name


OAUTH = {
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "http://id.a.example/token", "scopes": {}}},
    }
}
HTTP, HTTPS = {"url": "http://a.example/v1"}, {"url": "https://a.example/v1"}
TEST_SERVER = {"url": "https://test.b.example"}


@pytest.mark.parametrize(
    ("sections", "security", "places"),
    [
        ({"servers": [HTTP]}, [{"bearer": []}], ["#/servers"]),
        ({"servers": [HTTP, TEST_SERVER]}, [{"bearer": []}], ["#/servers"]),
        ({"servers": [HTTP, HTTPS]}, [{"bearer": []}], []),
        ({"servers": [HTTPS, HTTP]}, [{"bearer": []}], []),
        ({"servers": [{"url": "http://localhost:8080"}]}, [{"bearer": []}], []),
        ({"servers": [{"url": "http://127.0.0.1:8080"}]}, [{"bearer": []}], []),
        ({"servers": [HTTP]}, [], []),
        (
            {"components": {"securitySchemes": OAUTH}},
            [{"oauth": []}],
            ["#/components/securitySchemes/oauth"],
        ),
    ],
)
def test_credentials_in_the_clear_stop(
    sections: dict[str, Any], security: list[object], places: list[str]
) -> None:
    made = document(sections=sections, security=security)
    found = [gap for gap in gaps(made, made.operations.values()) if gap.kind == "cleartext"]
    assert [gap.pointer for gap in found] == places
    assert all(gap.blocking and "http://" in gap.text("en") for gap in found)
