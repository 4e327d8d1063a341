"""A Postman collection becomes the document it amounts to, without the credentials in it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.apidoc import ApiDocument, findings, parse, sample

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
BASE = [{"key": "baseUrl", "value": "https://api.shop.example/v2"}]


def item(name: str = "Get order", url: object = "{{baseUrl}}/orders/:id", **request: object) -> Any:
    response = request.pop("response", [])
    return {"name": name, "request": {"method": "GET", "url": url, **request}, "response": response}


def read(*items: object, **collection: object) -> ApiDocument:
    whole = {"info": {"name": "Shop", "schema": SCHEMA}, "variable": BASE, "item": items}
    return parse(json.dumps({**whole, **collection}).encode(), source="t")


def saved(code: int, body: object, **written: object) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    header = [{"key": "Content-Type", "value": "application/json"}]
    return {"name": "An answer", "code": code, "header": header, "body": text, **written}


def test_requests_become_operations() -> None:
    made = read(
        {"name": "Orders", "item": [
            item(description="One order."),
            item("Create an order", "{{baseUrl}}/orders", method="POST"),
        ]},
        item("Ping", "{{baseUrl}}/ping"),
    )  # fmt: skip
    assert list(made.operations) == ["GET /orders/{id}", "POST /orders", "GET /ping"]
    assert (made.dialect, made.title) == ("postman-2.1", "Shop")
    assert made.servers[0].url == "https://api.shop.example/v2"
    order = made.operations["GET /orders/{id}"]
    assert (order.summary, order.description, order.tags) == (
        "Get order",
        "One order.",
        ("Orders",),
    )
    assert order.operation_id == "get_order"
    assert [(p.name, p.where) for p in order.parameters] == [("id", "path")]
    assert made.operations["GET /ping"].tags == ()


@pytest.mark.parametrize(
    ("url", "server", "path"),
    [
        ("https://a.example/v1/x?b=1#c", "https://a.example", "/v1/x"),
        ("a.example/x", "https://a.example", "/x"),
        ("https://user:word@a.example:8443/x/", "https://a.example:8443", "/x"),
        ("{{baseUrl}}/x", "https://api.shop.example/v2", "/x"),
        ("{{unknown}}/x/{{order_id}}.json", "", "/x/{order_id}.json"),
        ("https://{{tenant}}.a.example/x", "https://{tenant}.a.example", "/x"),
        ("{{baseUrl}}/{{version}}/x", "https://api.shop.example/v2", "/v3/x"),
        ("{{baseUrl}}/orders/1042", "https://api.shop.example/v2", "/orders/{order_id}"),
        ({"protocol": "https", "host": ["a", "example"], "path": ["x", ":y"]},
         "https://a.example", "/x/{y}"),
        ({"raw": "{{baseUrl}}/x"}, "https://api.shop.example/v2", "/x"),
    ],
    ids=str,
)  # fmt: skip
def test_addresses_in_every_spelling(url: object, server: str, path: str) -> None:
    variables = [*BASE, {"key": "version", "value": "v3"}]
    made = read(item(url=url), variable=variables)
    assert list(made.operations) == [f"GET {path}"]
    assert [one.url for one in made.servers] == ([server] if server else [])


def test_parameters_and_their_words() -> None:
    query = [
        {"key": "page", "value": "2", "description": "Which page."},
        {"key": "q", "value": "{{term}}", "disabled": True},
        {"key": "api_key", "value": "k"},
    ]
    headers = [{"key": "X-Version", "value": "2"}, {"key": "Accept", "value": "*/*"}]
    url = {"raw": "{{baseUrl}}/orders/:id", "query": query,
           "variable": [{"key": "id", "description": {"content": "The order."}}]}  # fmt: skip
    made = read(item(url=url, header=headers))
    found = made.operations["GET /orders/{id}"].parameters
    assert [(p.name, p.where, p.schema.type, p.required, p.description) for p in found] == [
        ("id", "path", "string", True, "The order."),
        ("page", "query", "integer", False, "Which page."),
        ("q", "query", "string", False, ""),
        ("X-Version", "header", "string", False, ""),
    ]
    assert made.security_schemes["api_key"].where == "query"


@pytest.mark.parametrize(
    ("body", "media", "types"),
    [
        ({"mode": "raw", "raw": '{"a": 1, "b": {{b}}, "c": "{{c}}"}'}, "application/json",
         {"a": "integer", "b": "any", "c": "any"}),
        ({"mode": "raw", "raw": "<a/>", "options": {"raw": {"language": "xml"}}},
         "application/xml", {}),
        ({"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}, {"key": "b"}]},
         "application/x-www-form-urlencoded", {"a": "integer", "b": "string"}),
        ({"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": "/x"},
                                           {"key": "a", "value": "b"}]},
         "multipart/form-data", {"f": "string", "a": "string"}),
        ({"mode": "file", "file": {"src": "/x"}}, "application/octet-stream", {}),
        ({"mode": "graphql", "graphql": {"query": "{a}", "variables": '{"b": 1}'}},
         "application/json", {"query": "string", "variables": "object"}),
    ],
    ids=str,
)  # fmt: skip
def test_bodies_in_every_mode(body: object, media: str, types: dict[str, str]) -> None:
    operation = read(item(method="POST", body=body)).operations["POST /orders/{id}"]
    assert operation.body is not None
    assert list(operation.body.media) == [media]
    schema = operation.body.media[media].schema
    assert schema is not None
    assert {name: held.type for name, held in schema.properties.items()} == types


def test_saved_answers_become_responses_with_an_example() -> None:
    answers = [saved(200, {"id": 7, "token": "sesame"}), saved(404, {"error": "gone"}),
               saved(200, {"id": 8, "more": None}), {"name": "broken"}]  # fmt: skip
    operation = read(item(response=answers)).operations["GET /orders/{id}"]
    assert list(operation.responses) == ["200", "404"]
    success = operation.responses["200"]
    assert success.description == "An answer"
    assert success.schema is not None
    assert success.schema.required == {"id"}
    assert success.media["application/json"].examples == ({"id": 7, "token": "string"},)
    assert sample(operation.responses["404"].schema) == {"error": "string"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("auth", "kind"),
    [
        ({"type": "bearer", "bearer": [{"key": "token", "value": "sesame"}]}, "bearer"),
        ({"type": "bearer", "bearer": {"token": "sesame"}}, "bearer"),
        ({"type": "basic", "basic": [{"key": "password", "value": "sesame"}]}, "basic"),
        ({"type": "apikey", "apikey": [{"key": "key", "value": "X-Key"},
                                       {"key": "value", "value": "sesame"}]}, "api_key"),
        ({"type": "oauth2", "oauth2": [{"key": "grant_type", "value": "client_credentials"},
                                       {"key": "clientSecret", "value": "sesame"}]},
         "oauth2_client_credentials"),
        ({"type": "awsv4", "awsv4": []}, "other"),
    ],
    ids=str,
)  # fmt: skip
def test_auth_is_inherited_and_its_values_are_not_copied(auth: dict[str, Any], kind: str) -> None:
    made = read({"name": "F", "item": [item(), item("Open", "/open", auth={"type": "noauth"})]},
                auth=auth)  # fmt: skip
    assert [scheme.kind for scheme in made.security_schemes.values()] == [kind]
    assert len(made.operations["GET /orders/{id}"].security) == 1
    assert made.operations["GET /open"].public
    assert "sesame" not in json.dumps(made.raw)


def test_version_2_0_is_read_too() -> None:
    old = {"name": "Shop", "schema": SCHEMA.replace("2.1", "2.0")}
    made = read(item(header="X-A: 1\nAuthorization: Bearer x\n"), info=old)
    assert made.dialect == "postman-2.0"
    assert [p.name for p in made.operations["GET /orders/{id}"].parameters] == ["id", "X-A"]
    assert list(made.security_schemes) == ["bearer"]


def test_two_requests_of_one_operation_are_one() -> None:
    made = read(
        item("By page", {"raw": "{{baseUrl}}/orders", "query": [{"key": "page", "value": "1"}]}),
        item("By name", {"raw": "{{baseUrl}}/orders", "query": [{"key": "name", "value": "x"}]}),
    )
    assert [p.name for p in made.operations["GET /orders"].parameters] == ["page", "name"]


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40))
def test_credentials_are_never_copied(secret: str) -> None:
    secret = f"9{secret}"
    made = read(
        item(
            method="POST",
            header=[{"key": "X-Auth-Token", "value": secret}],
            body={"mode": "raw", "raw": json.dumps({"password": secret, "card": secret})},
            response=[saved(200, {"access_token": secret, "key": "sk_live_" + secret})],
        ),
        variable=[*BASE, {"key": "apiToken", "value": secret},
                  {"key": "x", "value": secret, "type": "secret"}],
    )  # fmt: skip
    text = json.dumps(made.raw).replace(f'"card": "{secret}"', "")
    assert secret not in text


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["item", "request", "response", "name", "url", "raw", "host", "path", "key",
                         "value", "query", "header", "body", "mode", "auth", "type", "code",
                         "variable", "formdata", "graphql", "options", "description"]),
        inner, max_size=5),
    max_leaves=25,
))  # fmt: skip
def test_any_collection_is_read(content: object) -> None:
    whole = read(content, item(url=content), item(body=content, response=content), auth=content)
    assert findings(whole)
