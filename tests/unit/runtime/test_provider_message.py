"""What a provider says about a refusal is quoted in the error: short, in one line, redacted."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import BodyFailure, ClientError, Response, ServiceError
from noctule.runtime.responses.provider_message import MAX_LENGTH, provider_message
from support.runtime_calling import NO_RETRY, READ, MakeShop

SHAPES: list[tuple[Any, str]] = [
    ({"title": "Out of credit", "detail": "It costs 50, you have 30."},
     "Out of credit: It costs 50, you have 30."),
    ({"title": "Not found"}, "Not found"),
    ({"detail": "No such id"}, "No such id"),
    ({"error": {"type": "card_error", "message": "Card declined"}}, "Card declined"),
    ({"error": "invalid_grant", "error_description": "The code has expired"},
     "The code has expired"),
    ({"error": "gone"}, "gone"),
    ({"errors": [{"code": 3, "message": "Too long"}, {"message": "other"}]}, "Too long"),
    ({"errors": [{"title": "Invalid", "detail": "Name is empty", "status": "422"}]},
     "Invalid: Name is empty"),
    ({"errors": ["Name is empty"]}, "Name is empty"),
    ({"errors": {"name": ["is too long"]}}, "name: is too long"),
    ({"detail": [{"loc": ["body", "name"], "msg": "field required"}]}, "field required"),
    ({"Fault": {"faultstring": "No such user"}}, "No such user"),
    ([{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}], "Session expired"),
    ({"erreur": {"libelle": "Compte inconnu"}}, "Compte inconnu"),
    ({"message": {"fr": 1}, "code": 7}, ""),
    ({"id": "i1", "name": "of a thing"}, ""),
    ({"error": {"message": None}}, ""),
    ([], ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), SHAPES)
def test_the_common_shapes_are_read(make_shop: MakeShop, body: Any, message: str) -> None:
    shop = make_shop()
    shop.provider.replies(400, json=body)
    with pytest.raises(ClientError) as raised:
        shop.call(READ, path={"id": 1})
    error = raised.value
    assert error.provider_message == message
    assert (f'it says "{message}" (status 400' in str(error)) == bool(message)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (str(other), other.provider_message) == (str(error), message)


def test_a_failure_inside_a_200_has_its_message(make_shop: MakeShop) -> None:
    shop = make_shop(failure=BodyFailure(error="errors"))
    shop.provider.replies(json={"errors": [{"message": "No such field"}]})
    with pytest.raises(ClientError, match='it says "No such field"'):
        shop.call(READ, path={"id": 1})


def test_a_success_that_does_not_fit_is_not_quoted(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json=[{"message": "of a customer"}])
    with pytest.raises(ServiceError) as raised:
        shop.call(READ, path={"id": 1}, options=NO_RETRY)
    assert raised.value.provider_message == ""
    assert "customer" not in str(raised.value)


def test_cards_credentials_and_control_characters_are_not_quoted() -> None:
    text = 'No "4242424242424242"\r\n\x1b[31m for Bearer abcdefghijklmnop1234567890 \u202e!'
    message = provider_message(Response(400, content=json.dumps({"message": text}).encode()))
    assert "4242424242424242" not in message
    assert "abcdefghijklmnop1234567890" not in message
    assert message.isprintable()
    assert '"' not in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "message", "detail", "x"]), inner)
    ),
)


@given(body=JSON)
def test_whatever_comes_the_message_is_short_and_printable(body: Any) -> None:
    message = provider_message(Response(500, content=json.dumps(body).encode()))
    assert len(message) <= MAX_LENGTH
    assert message.isprintable()


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"{", b'{"message": "' + b"a" * 70_000 + b'"}', b"[" * 50_000]
)
def test_what_cannot_be_read_says_nothing(content: bytes) -> None:
    assert provider_message(Response(500, content=content)) == ""
