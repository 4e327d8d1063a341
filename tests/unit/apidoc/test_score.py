"""One number for a document, by the formula of docs/documents.md, and what would raise it."""

import json
from typing import Any

import pytest

from noctule.apidoc import ApiDocument, parse, score
from noctule.apidoc.quality.score import DOCUMENT_SHARE, SOUND, WEIGHTS, percentile, public_scores

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "example": {"a": "b"}}
FINE = {"content": {"application/json": {"schema": OBJECT}}}
WHOLE: dict[str, Any] = {
    "operationId": "it",
    "summary": "It",
    "responses": {"200": FINE, "401": FINE, "429": FINE},
    "security": [{"bearer": []}],
}


def document(*operations: dict[str, Any], **sections: object) -> ApiDocument:
    raw = {
        "openapi": "3.1.0",
        "info": {"title": "It", "version": "1"},
        "servers": [{"url": "https://sandbox.a.example"}],
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "webhooks": {"w": {"post": {"parameters": [{"name": "X-Signature", "in": "header"}]}}},
        "paths": {f"/{number}": {"get": written} for number, written in enumerate(operations)},
        **sections,
    }
    return parse(json.dumps(raw).encode(), source="test")


def test_a_whole_document_has_all_points() -> None:
    made = score(document(WHOLE))
    assert (made.points, made.lines, made.blocking) == (100, (), False)


def test_a_missing_thing_costs_its_weight_among_those_that_apply() -> None:
    applying = sum(WEIGHTS.values()) - WEIGHTS["pagination"] - WEIGHTS["idempotency"] + SOUND
    made = score(document({**WHOLE, "responses": {"200": FINE, "401": FINE}}))
    cost = (100 - DOCUMENT_SHARE) * WEIGHTS["rate_limit"] / applying
    assert [(line.kind, line.points) for line in made.lines] == [("rate_limit", round(cost, 1))]
    assert made.points == round(100 - cost)


def test_the_mean_of_the_operations_counts() -> None:
    bare = {**WHOLE, "operationId": "other", "responses": {"200": FINE}}
    both = document(WHOLE, bare)
    alone = score(both, [both.operations["GET /1"]])
    assert 100 - score(both).points == pytest.approx((100 - alone.points) / 2, abs=1)
    assert score(both, [both.operations["GET /0"]]).points == 100
    assert (alone.operations, score(both).operations) == (1, 2)


def test_no_error_answer_costs_all_that_it_implies_and_is_told_once() -> None:
    made = score(document({**WHOLE, "responses": {"200": FINE}}))
    kinds = [line.kind for line in made.lines]
    assert kinds == ["error_responses", "rate_limit", "unauthorized"]
    only_default = score(document({**WHOLE, "responses": {"200": FINE, "default": FINE}}))
    assert made.points < only_default.points < 100, "`default` alone is not whole"


def test_a_flaw_costs_the_same_however_many_there_are() -> None:
    one = {**WHOLE, "operationId": "i\u200bt"}
    two = {**one, "parameters": [{"name": "x", "in": "path"}]}
    assert score(document(one)).points == score(document(two)).points < 100


@pytest.mark.parametrize(
    ("section", "value", "kinds"),
    [
        ("servers", [], ["servers"]),
        ("servers", [{"url": "https://a.example"}], ["sandbox"]),
        ("webhooks", {}, ["webhooks"]),
        ("webhooks", {"w": {"post": {}}}, ["webhook_signature"]),
        ("info", {"title": "It"}, ["version"]),
    ],
    ids=str,
)
def test_what_the_document_lacks_as_a_whole(section: str, value: object, kinds: list[str]) -> None:
    made = score(document(WHOLE, **{section: value}))
    assert [line.kind for line in made.lines] == kinds
    assert 100 - DOCUMENT_SHARE <= made.points < 100


def test_lines_and_score_make_a_hundred() -> None:
    made = score(document({}, WHOLE, {**WHOLE, "operationId": "it"}, servers=[], webhooks={}))
    assert made.points + sum(line.points for line in made.lines) == pytest.approx(100, abs=1)
    assert [line.blocking for line in made.lines] == sorted(
        (line.blocking for line in made.lines), reverse=True
    )


def test_no_operation_has_no_point() -> None:
    made = score(document())
    assert (made.points, made.operations) == (0, 0)
    assert "no_paths" in [line.kind for line in made.lines]


def test_the_percentile_is_the_share_of_public_documents_that_score_less() -> None:
    counts = public_scores()
    assert len(counts) == 101
    assert sum(counts) > 2_600
    percentiles = [percentile(points) for points in range(101)]
    assert percentiles == sorted(percentiles)
    assert (percentiles[0], percentiles[100]) == (0, 100)
    best = max(points for points, count in enumerate(counts) if count)
    assert (percentile(best), percentile(best + 1)) == (99, 100)
    assert 40 < percentile(60) < 60
