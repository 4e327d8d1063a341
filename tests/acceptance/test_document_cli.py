"""`noctule document`: a number and a short list that a person can act on, in two languages."""

import json
from pathlib import Path

import pytest

from support.command_line import Noctule
from support.paths import SPECS

GOOD = {"content": {"application/json": {"schema": {"type": "string", "example": "a"}}}}
THIN = {
    "openapi": "3.1.0",
    "info": {"title": "Thin", "version": "7"},
    "servers": [{"url": "https://sandbox.thin.example"}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {
        "/orders": {
            "get": {"summary": "List orders", "responses": {"200": {"description": "Fine"}}},
            "post": {
                "operationId": "createOrder",
                "summary": "Place an order",
                "responses": {"200": GOOD, "401": GOOD, "429": GOOD},
            },
        },
        "/orders/{id}": {"get": {"responses": {"200": {"description": "Fine"}}}},
    },
}


@pytest.fixture
def thin(project: Path) -> Path:
    path = project / "thin.json"
    path.write_text(json.dumps(THIN), encoding="utf-8")
    return path


def test_the_score_of_a_thin_document(noctule: Noctule, thin: Path) -> None:
    done = noctule("document", "score", "thin.json")
    assert done.code == 1, "integrate would stop"
    first, _, *lines = done.out.splitlines()
    assert first.startswith("Thin 7 (openapi-3.1): ")
    assert first.endswith("Operations: 3.")
    assert "✗ 2 operations (GET /orders …): no error response is documented." in done.out
    assert "#/paths/~1orders/get/responses (and in 1 more places)" in done.out
    assert done.out.count("fix:") == sum("✗" in line or " · " in line for line in lines) - 1
    assert done.out.rstrip().endswith('--accept-incomplete "reason"')
    assert done.err == ""


def test_one_operation_alone(noctule: Noctule, thin: Path) -> None:
    whole = noctule("document", "score", "thin.json", "--json").json
    done = noctule("document", "score", "thin.json", "--operation", "createOrder", "--json")
    assert done.code == 0
    assert done.json["operations"] == 1
    assert done.json["score"] > whole["score"]
    assert done.json["stops"] is False
    assert [f["kind"] for f in done.json["findings"]] == ["idempotency", "webhooks"]
    cost = sum(finding["points"] for finding in done.json["findings"])
    assert done.json["score"] + cost == pytest.approx(100, abs=1)
    place = done.json["findings"][0]["places"][0]
    assert place == {
        "operation": "POST /orders",
        "pointer": "#/paths/~1orders/post/parameters",
        "detail": "",
    }


def test_a_score_below_what_is_asked_ends_with_1(noctule: Noctule, thin: Path) -> None:
    arguments = ("document", "score", "thin.json", "--operation", "POST /orders", "--min")
    assert noctule(*arguments, "60").code == 0
    assert noctule(*arguments, "100").code == 1


def test_in_french(noctule: Noctule, thin: Path) -> None:
    done = noctule("document", "score", "thin.json", "--lang", "fr")
    assert "sur 100" in done.out
    assert "2 opérations (GET /orders…) : aucune réponse d'erreur n'est documentée." in done.out
    assert "correction :" in done.out
    assert "operations (" not in done.out


def test_a_short_list_and_the_whole_one(noctule: Noctule, project: Path) -> None:
    wrong = {"get": {"responses": {"200": {"$ref": "#/gone"}}, "security": [{"nobody": []}]}}
    (project / "wrong.json").write_text(
        json.dumps({"openapi": "3.0.0", "paths": {"/a/{x}": wrong, "/a/{y}": wrong}})
    )
    short = noctule("document", "score", "wrong.json")
    every = noctule("document", "score", "wrong.json", "--all")
    assert "(--all)" in short.out
    assert "(--all)" not in every.out
    assert short.out.count("fix:") == 10 < every.out.count("fix:")


def test_a_document_cannot_send_control_characters_to_the_terminal(
    noctule: Noctule, project: Path
) -> None:
    bell = {"/a\u001b]0;x\u0007": {"get": {"summary": "\u001b[31mred"}}}
    (project / "odd.json").write_text(
        json.dumps({"openapi": "3.0.0", "info": {"title": "\u001b[2J"}, "paths": bell})
    )
    for arguments in (["score", "odd.json", "--all"], ["list", "odd.json"]):
        assert "\u001b" not in noctule("document", *arguments).out


def test_the_operations_of_a_document(noctule: Noctule, thin: Path) -> None:
    done = noctule("document", "list", "thin.json")
    assert done.out.splitlines() == [
        "GET /orders       List orders",
        "POST /orders      Place an order",
        "GET /orders/{id}",
    ]
    result = noctule("document", "list", "thin.json", "place", "ORDER", "--json").json
    assert [operation["key"] for operation in result["operations"]] == ["POST /orders"]


def test_scores_that_cannot_be_computed(noctule: Noctule, thin: Path) -> None:
    done = noctule("document", "score", "thin.json", "--operation", "GET /order")
    assert done.code == 2
    assert "GET /orders" in done.err
    assert noctule("document", "score", "gone.json").code == 2


@pytest.mark.skipif(not SPECS.is_dir(), reason="the shared documents are not here")
def test_a_providers_own_document(noctule: Noctule) -> None:
    result = noctule("document", "score", str(SPECS / "notion.json"), "--json").json
    assert {f["kind"] for f in result["findings"] if f["stops"]} == {"auth", "error_responses"}
    assert result["score"] < 50


def test_a_collection_is_shown_as_openapi(noctule: Noctule, project: Path) -> None:
    request = {"method": "GET", "url": "https://a.example/orders/:id"}
    collection = {"info": {"name": "Shop"}, "item": [{"name": "Get", "request": request}]}
    (project / "shop.json").write_text(json.dumps(collection), encoding="utf-8")
    document = noctule("document", "show", "shop.json").json
    assert list(document["paths"]) == ["/orders/{id}"]
    assert noctule("document", "list", "shop.json").out == "GET /orders/{id}  Get\n"
