"""Every documented success is one, with what it carries."""

from typing import Any, get_type_hints

import pytest

from noctule.runtime import JSON, OutcomeUnknown, ServiceError
from noctule.runtime.testing import MockProvider
from support.wrapped import answers, document_of, service_of, wrapped

ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
JOB = {"type": "object", "required": ["job"], "properties": {"job": {"type": "string"}}}
EMPTY = {"description": "nothing"}


def operation(method: str, responses: dict[str, Any], **members: Any) -> dict[str, Any]:
    described = {"operationId": "put", "responses": responses, **members}
    return document_of({"/items": {method: described}})


@pytest.mark.parametrize("status", [200, 201, 204, 205])
@pytest.mark.parametrize("documented", ["202", "204", "205"])
@pytest.mark.parametrize("method", ["get", "put", "post", "delete"])
def test_no_content_is_a_success_where_one_is_documented(
    status: int, documented: str, method: str
) -> None:
    written = operation(method, {**answers(ITEM), documented: EMPTY})
    provider = MockProvider().replies(status)
    assert service_of(written, provider).put() is None
    assert len(provider.requests) == 1
    provider = MockProvider().replies(json={"id": "1"})
    assert service_of(written, provider).put().id == "1"


@pytest.mark.parametrize("status", [204, 205])
@pytest.mark.parametrize("method", ["put", "post", "patch", "delete"])
def test_a_write_answered_with_no_content_is_done(status: int, method: str) -> None:
    provider = MockProvider().replies(status)
    result = service_of(operation(method, answers(ITEM)), provider).put()
    assert len(provider.requests) == 1
    with pytest.raises(ServiceError, match="id"):
        _ = result.id


def test_no_content_becomes_no_list_and_no_object_without_a_type() -> None:
    items = {"type": "array", "items": ITEM}
    with pytest.raises(OutcomeUnknown):
        service_of(operation("post", answers(items)), MockProvider().replies(204)).put()
    assert service_of(operation("put", answers({})), MockProvider().replies(204)).put() is None


@pytest.mark.parametrize("status", [200, 201])
def test_a_write_answered_with_nothing_is_in_doubt(status: int) -> None:
    provider = MockProvider().replies(status)
    with pytest.raises(OutcomeUnknown):
        service_of(operation("post", answers(ITEM)), provider).put()


CONTENTS: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "object": (answers(JOB, "202"), {"json": {"job": "j1"}}, ("job", "j1")),
    "list": (answers({"type": "array", "items": JOB}, "202"), {"json": [{"job": "j"}]}, None),
    "text": (answers({"type": "string"}, "202", "text/plain"), {"content": b"later"}, "later"),
    "file": (answers({"type": "string"}, "202", "application/zip"), {"content": b"PK"}, b"PK"),
}


@pytest.mark.parametrize(("other", "reply", "expected"), CONTENTS.values(), ids=CONTENTS)
def test_each_success_has_its_own_content(
    other: dict[str, Any], reply: dict[str, Any], expected: Any
) -> None:
    written = operation("put", {**answers(ITEM), **other, "204": EMPTY})
    provider = MockProvider().replies(202, **reply).replies(json={"id": "1"}).replies(204)
    service = service_of(written, provider)
    later, now, nothing = service.put(), service.put(), service.put()
    if isinstance(expected, tuple):
        assert getattr(later, expected[0]) == expected[1]
    elif expected is None:
        assert later[0].job == "j"
    else:
        assert later == expected
    assert now.id == "1"
    assert nothing is None


def test_the_annotation_says_every_success() -> None:
    space = wrapped(operation("put", {**answers(ITEM), **answers(JOB, "202"), "204": EMPTY}))
    hints = get_type_hints(space["LedgerService"].put)
    assert hints["return"] == space["PutResult"] | space["PutAccepted"] | None
    space = wrapped(operation("put", {**answers(ITEM), **answers(dict(ITEM), "201")}))
    assert get_type_hints(space["LedgerService"].put)["return"] == space["PutResult"]
    space = wrapped(operation("put", {**answers(ITEM), **answers({}, "202")}))
    assert get_type_hints(space["LedgerService"].put)["return"] is JSON


@pytest.mark.parametrize("condition", ["If-None-Match", "If-Modified-Since"])
def test_a_documented_304_is_nothing_new(condition: str) -> None:
    header = {"name": condition, "in": "header", "schema": {"type": "string"}}
    written = operation("get", {**answers(ITEM), "304": EMPTY}, parameters=[header])
    provider = MockProvider().replies(304)
    argument = condition.lower().replace("-", "_")
    assert service_of(written, provider).put(**{argument: "x"}) is None
    assert len(provider.requests) == 1


def test_a_304_that_nobody_can_ask_for_is_an_error() -> None:
    written = operation("get", {**answers(ITEM), "304": EMPTY})
    with pytest.raises(ServiceError):
        service_of(written, MockProvider().replies(304)).put()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_documented_redirect_gives_the_bytes_behind_it(status: int) -> None:
    written = operation("get", {str(status): EMPTY, "404": EMPTY})
    provider = MockProvider().replies(status, headers={"Location": "https://files.example/a.zip"})
    provider.replies(content=b"PK\x03\xff")
    assert service_of(written, provider).put() == b"PK\x03\xff"


@pytest.mark.parametrize("body", [b'{"a": 1}', b"text", b"\x00\xff", b""])
def test_a_read_whose_content_is_not_documented_returns_its_bytes(body: bytes) -> None:
    written = operation("get", {"200": EMPTY})
    provider = MockProvider().replies(content=body)
    assert service_of(written, provider).put() == body
    assert provider.requests[0].headers["accept"] == "*/*"
    assert service_of(operation("get", {"204": EMPTY}), MockProvider().replies(204)).put() is None
    assert service_of(operation("put", {"200": EMPTY}), MockProvider().replies()).put() is None
