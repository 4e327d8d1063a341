"""Every documented member can be sent and read: constants, deprecated ones, nulls."""

import inspect
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule.runtime import NULL, InvalidArgument
from noctule.runtime.testing import MockProvider, as_received
from support.wrapped import answers, document_of, json_body, service_of, wrapped

MEMBERS: dict[str, tuple[dict[str, Any], Any]] = {
    "one value": ({"type": "string", "enum": ["paid"]}, "refunded"),
    "constant": ({"const": "order"}, "invoice"),
    "constant number": ({"const": 2}, 3),
    "constant flag": ({"const": True}, False),
    "deprecated": ({"type": "string", "deprecated": True}, "still sent"),
    "deprecated number": ({"type": "number", "deprecated": True}, 1.25),
    "deprecated constant": ({"const": "a", "deprecated": True}, "b"),
}
"""A schema, and a value that came although the document is older."""


@pytest.mark.parametrize(("schema", "value"), MEMBERS.values(), ids=MEMBERS)
@pytest.mark.parametrize("required", [True, False])
def test_a_member_is_read_and_sent_whatever_its_schema_says(
    schema: dict[str, Any], value: Any, required: bool
) -> None:
    kind = {"type": "object", "properties": {"id": {"type": "string"}, "state": schema}}
    kind |= {"required": ["state"]} if required else {}
    operation = {"operationId": "put", "requestBody": json_body(kind), "responses": answers(kind)}
    provider = MockProvider().replies(json={"id": "1", "state": value})
    service = service_of(document_of({"/orders": {"post": operation}}), provider)
    answer = service.put(id="1", state=value)
    assert answer.state == value
    assert provider.requests[0].json == {"id": "1", "state": value}


UNDESCRIBED: dict[str, tuple[dict[str, Any], Any]] = {
    "anything": ({}, {"any": [1]}),
    "a text": ({}, "sent"),
    "as others": ({"additionalProperties": {"type": "integer"}}, 3),
    "of a parent": ({"allOf": [{"required": ["state"]}]}, "sent"),
}
"""What else the object says, and a value."""


@pytest.mark.parametrize(("others", "value"), UNDESCRIBED.values(), ids=UNDESCRIBED)
def test_a_member_that_is_required_but_not_described_is_an_argument(
    others: dict[str, Any], value: Any
) -> None:
    kind = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["state"]}
    operation = {"operationId": "put", "requestBody": json_body(kind | others)}
    operation |= {"responses": answers(kind | others)}
    provider = MockProvider().replies(json={"id": "1", "state": value})
    service = service_of(document_of({"/orders": {"post": operation}}), provider)
    assert service.put(state=value).state == value
    assert provider.requests[0].json == {"state": value}
    assert inspect.signature(service.put).parameters["state"].default is inspect.Parameter.empty


def test_a_required_member_that_nothing_may_describe_is_left_out() -> None:
    kind = {"type": "object", "required": ["state"], "additionalProperties": False}
    kind |= {"properties": {"id": {"type": "string"}}}
    operation = {"operationId": "put", "requestBody": json_body(kind), "responses": answers(kind)}
    service = service_of(document_of({"/orders": {"post": operation}}), MockProvider())
    assert list(inspect.signature(service.put).parameters) == ["id", "options"]


@pytest.mark.parametrize("where", ["query", "header"])
def test_a_deprecated_parameter_is_there_last_and_marked(where: str) -> None:
    old = {"name": "old", "in": where, "deprecated": True, "schema": {"type": "string"}}
    new = {"name": "new", "in": where, "schema": {"type": "string"}}
    kind = {"type": "object", "properties": {"id": {"type": "string"}}}
    operation = {"operationId": "find", "parameters": [old, new], "responses": answers(kind)}
    provider = MockProvider().replies(json={"id": "1"})
    service = service_of(document_of({"/orders": {"get": operation}}), provider)
    service.find(old="x")
    request = provider.requests[0]
    assert (request.query.get("old") or request.headers.get("old")) == "x"
    assert list(inspect.signature(service.find).parameters) == ["new", "old", "options"]
    assert "old: Deprecated." in (inspect.getdoc(service.find) or "")


NULLABLE = ({"type": ["string", "null"]}, {"oneOf": [{"type": "integer"}, {"type": "null"}]})


@pytest.mark.parametrize("schema", NULLABLE)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
@pytest.mark.parametrize("null", [None, NULL])
def test_a_required_member_that_may_be_null_is_never_left_out(
    schema: dict[str, Any], method: str, null: Any
) -> None:
    body = {"type": "object", "properties": {"owner": schema}, "required": ["owner"]}
    operation = {"operationId": "put", "requestBody": json_body(body), "responses": answers({})}
    provider = MockProvider().replies(json={})
    service = service_of(document_of({"/orders": {method: operation}}), provider)
    service.put(owner=null)
    assert provider.requests[0].json == {"owner": None}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
FREE: dict[str, Any] = {"type": "object"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(st.text(max_size=3), JSON_VALUES))
@pytest.mark.parametrize("kind", ["application/json", "application/merge-patch+json"])
def test_free_json_is_sent_as_it_was_given(
    kind: str, value: dict[str, Any], free_form: dict[str, dict[str, Any]]
) -> None:
    provider = MockProvider().replies(json={}, times=2)
    service = free_form[kind]["LedgerService"](transport=provider)
    service.whole(body=value)
    service.inner(meta=value)
    assert [request.json for request in provider.requests] == [value, {"meta": value}]


@pytest.fixture(scope="module")
def free_form() -> dict[str, dict[str, Any]]:
    def document(kind: str) -> dict[str, Any]:
        inner = {"type": "object", "properties": {"meta": FREE}}
        bodies = {"whole": json_body(FREE, kind), "inner": json_body(inner, kind)}
        return document_of(
            {
                f"/{name}": {
                    "patch": {"operationId": name, "requestBody": body, "responses": answers({})}
                }
                for name, body in bodies.items()
            }
        )

    kinds = ("application/json", "application/merge-patch+json")
    return {kind: wrapped(document(kind)) for kind in kinds}


DIGITS = ["1234567890123456.78", "0.10", "-99999999999999999999.01", "7"]


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("kind", ["decimal", "money", "Decimal"])
def test_a_decimal_keeps_its_digits(digits: str, kind: str) -> None:
    total = {"type": "object", "properties": {"total": {"type": "number", "format": kind}}}
    operation = {"operationId": "put", "requestBody": json_body(total), "responses": answers(total)}
    body = f'{{"total":{digits}}}'.encode()
    provider = MockProvider().replies(content=body)
    service = service_of(document_of({"/orders": {"post": operation}}), provider)
    assert service.put(total=Decimal(digits)).total == Decimal(digits)
    assert provider.requests[0].body == body


MONEY: dict[str, tuple[str, dict[str, Any], type]] = {
    "a step": ("x", {"multipleOf": 0.01}, Decimal),
    "another step": ("x", {"multipleOf": 0.001}, Decimal),
    "no decimal step": ("x", {"multipleOf": 0.25}, float),
    "an example": ("amount", {"example": 19.99}, Decimal),
    "a description": ("unitPrice", {"description": "Price in EUR."}, Decimal),
    "in French": ("montant_total", {"description": "Montant TTC en euros"}, Decimal),
    "in binary, by its format": ("total", {"format": "double", "example": 1.25}, Decimal),
    "only a name": ("amount", {}, float),
    "only an example": ("height", {"example": 19.99}, float),
    "a rate": ("tax_rate", {"example": 19.25, "description": "of the price, in USD"}, float),
    "a coarse example": ("amount", {"example": 19.5}, float),
    "cents": ("amount", {"type": "integer", "description": "in cents of the currency"}, int),
    "a text": ("amount", {"type": "string", "example": "19.99"}, str),
}


@pytest.mark.parametrize(("name", "schema", "kind"), MONEY.values(), ids=MONEY)
def test_an_amount_with_decimals_keeps_its_digits(
    name: str, schema: dict[str, Any], kind: type
) -> None:
    order = {"type": "object", "properties": {name: {"type": "number", **schema}}}
    operation = {"operationId": "get", "responses": answers(order)}
    digits = {int: "1999", str: '"19.99"'}.get(kind, "1234567890123456.78")
    provider = MockProvider().replies(content=f'{{"{name}":{digits}}}'.encode())
    answer = service_of(document_of({"/orders": {"get": operation}}), provider).get()
    (value,) = (getattr(answer, field) for field in answer.__struct_fields__)
    assert type(value) is kind
    assert kind is not Decimal or value == Decimal(digits)


# -- members beside those that are named

UNSPEAKABLE = ['a"b', "a\\b", "a\x01b"]
NAMES = ["", " ", "é è", "class", "extra", "self", "$id", "2fa", "with_extra", *UNSPEAKABLE]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("required", [True, False])
def test_a_member_of_any_name_is_sent_and_read(name: str, required: bool) -> None:
    kind = {"type": "object", "properties": {"id": {"type": "string"}, name: {"type": "string"}}}
    kind |= {"required": [name]} if required else {}
    operation = {"operationId": "put", "requestBody": json_body(kind), "responses": answers(kind)}
    sent = {"id": "1", name: "x"}
    provider = MockProvider().replies(json=sent)
    service = service_of(document_of({"/orders": {"post": operation}}), provider)
    arguments = [name for name in inspect.signature(service.put).parameters if name != "options"]
    answer = service.put(**{argument: "1" if argument == "id" else "x" for argument in arguments})
    assert provider.requests[0].json == sent
    assert as_received(answer) == sent
    if name not in UNSPEAKABLE:
        assert "x" in {getattr(answer, name) for name in answer.__struct_fields__}


MORE: dict[str, Any] = {
    "anything": {"additionalProperties": True},
    "a type": {"additionalProperties": {"type": "integer"}},
    "objects": {"additionalProperties": {"type": "object"}},
    "patterns": {"patternProperties": {"^x-": {"type": "integer"}}},
    "not evaluated": {"unevaluatedProperties": {"type": "integer"}},
}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
@pytest.mark.parametrize("body", ["json", "form", "multipart"])
def test_members_beside_those_that_are_named(more: dict[str, Any], body: str) -> None:
    media = {
        "json": "application/json",
        "form": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data",
    }
    kind = {"type": "object", "properties": {"id": {"type": "string"}}, **more}
    operation = {
        "operationId": "put",
        "requestBody": json_body(kind, media[body]),
        "responses": answers(kind),
    }
    provider = MockProvider().replies(json={"id": "1", "x-a": 7})
    service = service_of(document_of({"/orders": {"post": operation}}), provider)
    assert service.put(id="1", extra={"x-a": 7}).extra == {"x-a": 7}
    request = provider.requests[0]
    if body == "json":
        assert request.json == {"id": "1", "x-a": 7}
    elif body == "form":
        assert request.form == {"id": "1", "x-a": "7"}
    else:
        assert b'name="x-a"\r\n\r\n7\r\n' in request.body
    with pytest.raises(InvalidArgument, match="'id' has a value already"):
        service.put(id="1", extra={"id": "2"})


def test_where_the_document_names_all_members_nothing_is_offered() -> None:
    kind = {
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "additionalProperties": False,
    }
    operation = {"operationId": "put", "requestBody": json_body(kind), "responses": answers(kind)}
    service = service_of(document_of({"/orders": {"post": operation}}), MockProvider())
    assert list(inspect.signature(service.put).parameters) == ["id", "options"]
