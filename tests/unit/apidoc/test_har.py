"""A HAR capture becomes a document of shapes; nothing that went over the wire is copied into it."""

import base64
import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from noctule.apidoc import ApiDocument, findings, parse, sample

HOST = "https://api.shop.example"


def entry(
    method: str = "GET",
    url: str = "/v1/orders",
    *,
    answer: object = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: object = None,
    mime: str = "application/json; charset=utf-8",
    response_headers: dict[str, str] | None = None,
    **content: object,
) -> dict[str, Any]:
    def listed(values: dict[str, str] | None) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in (values or {}).items()]

    text = json.dumps(answer) if not isinstance(answer, str) else answer
    request: dict[str, Any] = {
        "method": method,
        "url": url if "://" in url else HOST + url,
        "headers": listed(headers),
        "queryString": listed(query),
    }
    if body is not None:
        sent = body if isinstance(body, dict) and "mimeType" in body else None
        request["postData"] = sent or {"mimeType": "application/json", "text": json.dumps(body)}
    return {
        "request": request,
        "response": {
            "status": status,
            "headers": listed(response_headers),
            "content": {"mimeType": mime, "text": text, "size": len(text), **content},
        },
    }


def read(*entries: object) -> ApiDocument:
    return parse(json.dumps({"log": {"version": "1.2", "entries": entries}}).encode(), source="t")


def test_calls_are_grouped_by_method_and_template() -> None:
    made = read(
        entry(url="/v1/orders/1042", answer={"id": 1}),
        entry(url="/v1/orders/77", answer={"id": 2}),
        entry(url="/v1/orders/cus_9s6XKzkNRiz8i3/lines/3fa85f64-5717-4562-b3fc-2c963f66afa6",
              answer={}),
        entry("POST", answer={"id": 3}, status=201),
        entry(url="/v1/orders", answer=[]),
    )  # fmt: skip
    assert list(made.operations) == [
        "GET /v1/orders/{order_id}",
        "GET /v1/orders/{order_id}/lines/{line_id}",
        "POST /v1/orders",
        "GET /v1/orders",
    ]
    assert (made.dialect, made.title) == ("har-1.2", "api.shop.example")
    assert made.servers[0].url == HOST
    only = made.operations["GET /v1/orders/{order_id}"]
    assert [(p.name, p.where, p.required) for p in only.parameters] == [("order_id", "path", True)]


def test_names_that_differ_and_are_answered_alike_are_a_variable() -> None:
    users = [
        entry(url=f"/users/{name}/repos", answer=[{"name": "a", "stars": 1}])
        for name in ("ada", "grace", "edsger")
    ]
    kinds = [entry(url=f"/v1/{kind}", answer={kind: 1}) for kind in ("carts", "orders", "users")]
    made = read(*users, *kinds)
    assert list(made.operations) == [
        "GET /users/{user_id}/repos", "GET /v1/carts", "GET /v1/orders", "GET /v1/users",
    ]  # fmt: skip


def test_versions_stay_in_the_path() -> None:
    made = read(
        entry(url="/rest/api/3/issue/10001", answer={}),
        entry(url="/2010-04-01/Accounts", answer={}),
        entry(url="/v1beta/models:generate", answer={}),
    )
    assert list(made.operations) == [
        "GET /rest/api/3/issue/{issue_id}", "GET /2010-04-01/Accounts",
        "GET /v1beta/models:generate",
    ]  # fmt: skip


def test_shapes_are_inferred_from_all_bodies() -> None:
    made = read(
        entry(answer={"id": 1, "total": 2, "note": None, "at": "2026-01-15T09:30:00Z", "tags": []}),
        entry(answer={"id": 2, "total": 2.5, "note": "x", "at": "2026-01-16T09:30:00Z",
                      "tags": ["a"], "by": {"9001": True, "9002": False}}),
    )  # fmt: skip
    success = made.operations["GET /v1/orders"].success
    assert success is not None
    assert success.schema is not None
    held = success.schema.properties
    assert success.schema.required == {"id", "total", "note", "at", "tags"}
    assert {name: one.type for name, one in held.items()} == {
        "id": "integer", "total": "number", "note": "string", "at": "string", "tags": "array",
        "by": "object",
    }  # fmt: skip
    assert (held["note"].nullable, held["id"].nullable) == (True, False)
    assert held["at"].format == "date-time"
    assert held["tags"].items is not None
    assert held["tags"].items.type == "string"
    additional = held["by"].additional
    assert not isinstance(additional, bool)
    assert additional.type == "boolean"


def test_one_body_makes_nothing_required() -> None:
    success = read(entry(answer={"id": 1})).operations["GET /v1/orders"].success
    assert success is not None
    assert success.schema is not None
    assert success.schema.required == frozenset()


def test_requests_bodies_queries_and_answers() -> None:
    form = {"mimeType": "application/x-www-form-urlencoded", "text": "amount=12&live=true&id=007"}
    upload = {"mimeType": "multipart/form-data; boundary=x",
              "params": [{"name": "file", "fileName": "a.pdf"},
                         {"name": "kind", "value": "pdf"}]}  # fmt: skip
    made = read(
        entry(query={"page": "2", "q": "shoes"}, answer=[], response_headers={"Retry-After": "1"}),
        entry(query={"page": "3"}, answer={"error": "x"}, status=429),
        entry("POST", "/v1/pay", body=form, answer={"ok": True}, headers={"Idempotency-Key": "k"}),
        entry("POST", "/v1/files", body=upload, answer={"ok": True}),
        entry("PUT", "/v1/files/9999", body={"a": [1]}, answer="", status=204, mime=""),
    )
    orders = made.operations["GET /v1/orders"]
    assert [(p.name, p.where, p.schema.type, p.required) for p in orders.parameters] == [
        ("page", "query", "integer", True), ("q", "query", "string", False),
    ]  # fmt: skip
    assert list(orders.responses) == ["200", "429"]
    assert list(orders.responses["200"].headers) == ["Retry-After"]
    pay = made.operations["POST /v1/pay"]
    assert [p.name for p in pay.parameters] == ["Idempotency-Key"]
    assert pay.body is not None
    fields = pay.body.media["application/x-www-form-urlencoded"].schema
    assert fields is not None
    assert {n: f.type for n, f in fields.properties.items()} == {
        "amount": "integer", "live": "boolean", "id": "string",
    }  # fmt: skip
    files = made.operations["POST /v1/files"].body
    assert files is not None
    parts = files.media["multipart/form-data"].schema
    assert parts is not None
    assert parts.properties["file"].format == "binary"
    put = made.operations["PUT /v1/files/{file_id}"]
    assert put.success is not None
    assert (put.success.status, put.success.schema) == ("204", None)


def test_base64_bodies_are_read_and_broken_ones_are_not() -> None:
    coded = base64.b64encode(b'{"a": 1}').decode()
    made = read(entry(answer=coded, encoding="base64"), entry(url="/b", answer="{not json"))
    success = made.operations["GET /v1/orders"].success
    assert success is not None
    assert success.schema is not None
    assert list(success.schema.properties) == ["a"]
    broken = made.operations["GET /b"].success
    assert broken is not None
    assert broken.schema is None


def test_pages_pictures_and_other_hosts_are_left_out() -> None:
    made = read(
        entry(answer={"a": 1}),
        entry(url="/index", answer="<html>", mime="text/html"),
        entry(url="/logo", answer="x", mime="image/png"),
        entry("OPTIONS", answer={}),
        entry(answer={}, status=0),
        entry(url="/old", answer={}, status=304),
        entry(url="https://metrics.example/collect", answer={}),
        entry(url="chrome-extension://x/y", answer={}),
        {"request": 3},
        "entry",
    )
    assert list(made.operations) == ["GET /v1/orders"]
    assert "1 calls to 1 other hosts" in made.description


def test_how_calls_authenticate_is_kept_without_the_credential() -> None:
    made = read(
        entry(headers={"Authorization": "Bearer abc", "X-API-Key": "k"}, answer={}),
        entry(url="/b", query={"api_key": "k", "page_token": "p"}, answer={}),
        entry(url="/c", headers={"authorization": "Basic YTpi"}, answer={}),
        entry(url="/d", headers={"Authorization": "rawtoken"}, answer={}),
        entry(url="/e", answer={}),
    )
    kinds = {name: scheme.kind for name, scheme in made.security_schemes.items()}
    assert kinds == {
        "bearer": "bearer", "X_API_Key": "api_key", "api_key": "api_key", "basic": "basic",
        "authorization": "api_key",
    }  # fmt: skip
    assert made.operations["GET /v1/orders"].security == (("bearer", "X_API_Key"),)
    assert [p.name for p in made.operations["GET /b"].parameters] == ["page_token"]
    assert made.operations["GET /e"].security == ()
    assert made.operations["GET /e"].public


SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40)


def captured(secret: str, other: str) -> ApiDocument:
    """The document of a capture whose values are these two, in every place that has values."""
    long = f"{secret}0a1b2c3d4e5f60718293"
    return read(
        entry(
            "POST",
            f"/hooks/{long}/send",
            headers={"Authorization": f"Bearer {secret}", "Cookie": f"sid={secret}",
                     "X-Customer": other, "X-Api-Key": secret},
            query={"token": secret, "name": other},
            body={"password": secret, "name": other, "nested": [{"card": other}]},
            answer={"access_token": secret, "name": other, "list": [other]},
            response_headers={"Set-Cookie": secret, "Location": f"{HOST}/{secret}"},
        ),
        entry(url="/me", answer={"email": f"{other}@example.com"}),
    )  # fmt: skip


BOILERPLATE = json.dumps(captured("x" * 12, "x" * 12).raw)


@given(SECRETS, SECRETS)
def test_no_value_of_a_capture_is_in_the_document(secret: str, other: str) -> None:
    assume(secret not in BOILERPLATE)
    assume(other not in BOILERPLATE)
    made = captured(secret, other)
    text = json.dumps(made.raw)
    values = [sample(op.success.schema) for op in made.operations.values()
              if op.success and op.success.schema]  # fmt: skip
    for hidden in (secret, other):
        assert hidden not in text
        assert hidden not in json.dumps(values)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just(HOST),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["request", "response", "method", "url", "headers", "queryString", "name",
                         "value", "postData", "mimeType", "text", "params", "status", "content"]),
        inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_any_capture_is_read(entries: object) -> None:
    findings(parse(json.dumps({"log": {"entries": [entries, entry(answer=entries)]}}).encode(),
                   source="t"))  # fmt: skip
