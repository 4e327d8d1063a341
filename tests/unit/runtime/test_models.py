"""Answers are typed where they keep their promise, and survive where they do not."""

from __future__ import annotations

import copy
import pickle
import re
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.runtime.decoding.models import JSON, Model, Violation, decode, field
from noctule.runtime.encoding import encode_body
from noctule.runtime.errors import InvalidMember, InvalidResponse
from noctule.runtime.redaction import Redactor
from noctule.runtime.testing import as_received
from noctule.runtime.testing.truth import untrue


class Card(Model):
    brand: Literal["visa", "mastercard"] | str
    last4: str
    exp_year: int | None = None


class Address(Model):
    city: str | None = None
    zip_code: str = field(name="postal/code")


class Charge(Model):
    amount: int
    paid: bool = False
    id: str
    kind: Literal["charge"] = field(name="type")
    status: Literal["ok", "failed"] | str = "ok"
    closed: Literal["a", "b"] | None = None
    card: Card | None = None
    customer: Address | str | None = None
    cards: list[Card] = field(default_factory=list)
    by_name: dict[str, Card] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    price: Decimal | None = None
    rate: float | None = None
    created: datetime | None = None
    parent: Charge | None = None
    short: Annotated[str, msgspec.Meta(max_length=5)] | None = None
    anything: JSON = None


GOOD: dict[str, Any] = {
    "amount": 2000,
    "paid": True,
    "id": "ch_1",
    "type": "charge",
    "status": "ok",
    "closed": "a",
    "card": {"brand": "visa", "last4": "4242", "exp_year": 2030},
    "customer": {"city": "Lyon", "postal/code": "69001"},
    "cards": [{"brand": "visa", "last4": "1"}, {"brand": "mastercard", "last4": "2"}],
    "by_name": {"bob@example.com": {"brand": "visa", "last4": "3"}},
    "metadata": {"order": "6735"},
    "price": 12.5,
    "rate": 0.1,
    "created": "2026-11-24T03:00:00Z",
    "parent": {"amount": 1, "id": "ch_0", "type": "charge"},
    "short": "abc",
    "anything": [1, {"x": None}],
}


def body(**changes: object) -> bytes:
    return msgspec.json.encode({**GOOD, **changes})


def without(*names: str) -> bytes:
    return msgspec.json.encode({k: v for k, v in GOOD.items() if k not in names})


def test_a_good_answer_is_typed_throughout() -> None:
    charge, violations = decode(Charge, body(unknown={"deep": 1}))
    assert violations == ()
    assert charge.card == Card(brand="visa", last4="4242", exp_year=2030)
    assert charge.customer == Address(city="Lyon", zip_code="69001")
    assert charge.created == datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert charge.price == Decimal("12.5")
    assert charge.parent is not None
    assert charge.parent.amount == 1


def test_an_answer_goes_back_to_what_was_received() -> None:
    told = {"city": "Lyon", "postal/code": "69001"}
    address, _ = decode(list[Address], msgspec.json.encode([{**told, "unknown": 1}]))
    assert as_received(address) == [told]
    broken, _ = decode(Address, b'{"postal_code": "69001"}')
    assert as_received(broken) == {}
    by_name, _ = decode(dict[str, Card], b'{"bob": {"brand": "visa", "last4": "3"}}')
    assert as_received(by_name) == {"bob": {"brand": "visa", "last4": "3"}}


CASES: list[tuple[bytes, str, str, str]] = [
    (without("amount"), "/amount", "integer", "missing"),
    (body(amount=None), "/amount", "integer", "null"),
    (body(amount="2000"), "/amount", "integer", "string"),
    (body(amount=1.5), "/amount", "integer", "number"),
    (body(paid="yes"), "/paid", "boolean", "string"),
    (body(type="refund"), "/type", "one of 1 known values", "unknown value"),
    (body(closed="z"), "/closed", "one of 2 known values | null", "unknown value"),
    (body(closed=3), "/closed", "one of 2 known values | null", "integer"),
    (body(card={"brand": "visa"}), "/card/last4", "string", "missing"),
    (body(card="card_1"), "/card", "Card | null", "string"),
    (body(customer={"city": "x"}), "/customer/postal~1code", "string", "missing"),
    (body(cards=[{"brand": "v", "last4": "1"}, {"brand": 1}]), "/cards/1/brand", "", "integer"),
    (body(cards={}), "/cards", "array", "object"),
    (body(by_name={"bob@example.com": {"last4": "1"}}), "/by_name/*/brand", "", "missing"),
    (body(metadata={"a": 1}), "/metadata/*", "string", "integer"),
    (body(price="twelve"), "/price", "number | null", "string"),
    (body(created="yesterday"), "/created", "date-time | null", "string"),
    (body(parent={"id": "x", "type": "charge"}), "/parent/amount", "integer", "missing"),
    (body(short="too long"), "/short", "string | null", "string"),
]


@pytest.mark.parametrize(("data", "pointer", "expected", "found"), CASES)
def test_a_lie_is_told_with_its_place_and_the_rest_holds(
    data: bytes, pointer: str, expected: str, found: str
) -> None:
    charge, violations = decode(Charge, data)
    assert [v.pointer for v in violations][:1] == [pointer]
    assert violations[0].found == found
    assert expected in violations[0].expected
    assert isinstance(charge, Charge)
    assert charge.id == "ch_1"
    assert charge.status == "ok"


def test_a_member_that_does_not_fit_raises_where_it_is_read() -> None:
    charge, _ = decode(Charge, body(amount="2000", card={"brand": "visa"}, paid=None))
    assert charge.id == "ch_1"
    assert charge.card is not None
    assert charge.card.brand == "visa"
    for read, words in (
        (lambda: charge.amount, "Charge.amount: expected integer, got string"),
        (lambda: charge.paid, "Charge.paid: expected boolean, got null"),
        (lambda: charge.card and charge.card.last4, "Card.last4: expected string, got missing"),
    ):
        with pytest.raises(InvalidMember, match=re.escape(words)) as caught:
            read()
        assert isinstance(caught.value, InvalidResponse)
        assert "2000" not in str(caught.value)


def test_a_member_can_be_asked_for() -> None:
    charge, _ = decode(Charge, without("amount"))
    assert not hasattr(charge, "amount")
    assert hasattr(charge, "id")
    assert getattr(charge, "amount", 0) == 0
    with pytest.raises(AttributeError, match="no attribute 'amonut'"):
        charge.amonut  # type: ignore[attr-defined] # noqa: B018
    match charge:
        case Charge(amount=_):
            pytest.fail("it has no amount")
        case Charge(id=found):
            assert found == "ch_1"


def test_elements_that_are_no_model_stay_as_they_were_received() -> None:
    charge, violations = decode(Charge, body(metadata={"a": 1}, cards=[7, None, {"brand": "visa"}]))
    assert charge.metadata == {"a": 1}
    assert [isinstance(card, Card) for card in charge.cards] == [True] * 3
    assert charge.cards[2].brand == "visa"
    for card in charge.cards:
        with pytest.raises(InvalidMember):
            card.last4  # noqa: B018
    assert {"/metadata/*", "/cards/0", "/cards/1", "/cards/2/last4"} == {
        violation.pointer for violation in violations
    }


def test_an_incomplete_model_is_a_value_like_any_other() -> None:
    first, _ = decode(Charge, body(amount="2000", card={"brand": "visa"}))
    second, _ = decode(Charge, body(amount="2000", card={"brand": "visa"}))
    other, _ = decode(Charge, body(amount="2001", card={"brand": "visa"}))
    complete, _ = decode(Charge, body())
    assert isinstance(first, Charge)
    assert first == second
    assert first != other
    assert first != complete
    assert complete != first
    card = first.card
    assert hash(card) == hash(copy.copy(card))
    for arrived in (pickle.loads(pickle.dumps(first)), copy.copy(first), copy.deepcopy(first)):
        assert arrived == first
        with pytest.raises(InvalidMember, match="got string"):
            arrived.amount  # noqa: B018
    assert repr(card) == "Card(brand='visa', last4=<missing>, exp_year=None)"
    assert "2000" not in repr(first)


def test_an_incomplete_model_is_sent_without_what_does_not_fit() -> None:
    address, _ = decode(Address, b'{"city": "Lyon", "postal/code": 69001}')
    assert encode_body("json", {"address": address}).content == b'{"address":{"city":"Lyon"}}'


def test_open_enums_take_new_values_without_a_word() -> None:
    charge, violations = decode(Charge, body(status="quite new"))
    assert (charge.status, violations) == ("quite new", ())


def test_a_violation_shows_no_value() -> None:
    secret = "4242424242424242"
    lies = {name: secret for name in GOOD if name not in ("id", "anything", "status")}
    _, violations = decode(Charge, body(**{**lies, "by_name": {secret: secret}}))
    assert len(violations) > 5
    assert secret not in repr(violations)


def test_lists_and_plain_json_are_decoded_too() -> None:
    cards, violations = decode(list[Card], b'[{"brand":"visa","last4":"1"},{"last4":2}]')
    assert cards[0].last4 == "1"
    assert {v.pointer for v in violations} == {"/1/brand", "/1/last4"}
    assert decode(list[Card], b'{"error":1}') == (
        {"error": 1},
        (Violation("", "array", "object"),),
    )
    assert decode(JSON, b'{"a":[1,null]}') == ({"a": [1, None]}, ())


def test_violations_are_bounded_and_not_repeated() -> None:
    _, violations = decode(list[int], msgspec.json.encode(["x"] * 10_000))
    assert len(violations) == 50
    _, violations = decode(dict[str, int], msgspec.json.encode({str(n): "x" for n in range(99)}))
    assert violations == (Violation("/*", "integer", "string"),)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"{", b'{"id": 1, nope', b'"\xff"', b"[1e999, NaN]", b"[1e999,", b"[" * 9999],
)
def test_what_is_not_json_is_said_to_be_so(data: bytes) -> None:
    for kind in (Charge, JSON, list[Charge]):
        with pytest.raises(InvalidResponse, match="JSON") as caught:
            decode(kind, data)
        assert "html" not in str(caught.value)


def test_a_byte_order_mark_is_forgiven_once() -> None:
    mark = b"\xef\xbb\xbf"
    assert decode(Charge, mark + body())[1] == ()
    with pytest.raises(InvalidResponse):
        decode(Charge, mark * 5000 + body())


def test_numbers_beyond_a_double_are_infinite_and_reported() -> None:
    value, violations = decode(JSON, b'{"n": 1e999}')
    assert value == {"n": float("inf")}
    assert violations[0].found == "a number beyond a double"


def test_recursive_answers_deeper_than_anyone_needs_end_well() -> None:
    deep = b'{"amount":"x","id":"1","type":"charge","parent":' * 400 + b"null" + b"}" * 400
    charge, violations = decode(Charge, deep)
    assert charge.id == "1"
    assert violations


class Picky(Model):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


def test_a_model_with_a_check_of_its_own_does_not_crash() -> None:
    value, violations = decode(list[Picky], b'[{"low":3,"high":1},{"low":"x","high":1}]')
    assert isinstance(value[0], Picky)
    with pytest.raises(InvalidMember, match="refused by the model"):
        value[0].low  # noqa: B018
    assert value[1].high == 1
    assert violations[0] == Violation("/0", "Picky", "refused by the model")


class Cat(Model, tag_field="kind", tag="cat"):
    lives: int


class Dog(Model, tag_field="kind", tag="dog"):
    name: str


def test_tagged_variants_are_told_apart_by_their_tag() -> None:
    value, violations = decode(list[Cat | Dog], b'[{"kind":"dog","name":1},{"kind":"eel"}]')
    assert isinstance(value[0], Dog)
    assert not hasattr(value[0], "name")
    assert value[1] == {"kind": "eel"}  # type: ignore[comparison-overlap]
    assert violations == (
        Violation("/0/name", "string", "integer"),
        Violation("/1", "Cat | Dog", "object"),
    )
    alone, violations = decode(Dog, b'{"kind":"cat","name":"x"}')
    assert alone == Dog(name="x")
    assert violations[0].pointer == "/kind"


def test_models_are_frozen_and_take_keywords_in_any_order() -> None:
    card = Card(last4="1", brand="visa")
    with pytest.raises(AttributeError):
        card.last4 = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Card("visa", "1")  # type: ignore[misc]


def test_a_model_can_be_sent_as_well() -> None:
    sent = encode_body("json", {"address": Address(zip_code="69001"), "card": None})
    assert sent.content == b'{"address":{"postal/code":"69001"}}'


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member and item, at any depth."""
    inside: list[tuple[Any, ...]] = [at] if at else []
    pairs: Any = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else pairs:
        inside += places(item, (*at, key))
    return inside


def mutated(random: Random, replacements: list[Any]) -> bytes:
    """A good body with one to four members removed or replaced."""
    value: Any = msgspec.json.decode(msgspec.json.encode(GOOD))
    for _ in range(random.randint(1, 4)):
        *way, last = random.choice(places(value) or [("id",)])
        holder = value
        for key in way:
            holder = holder[key]
        if random.random() < 0.7:
            holder[last] = copy.deepcopy(random.choice(replacements))
        else:
            del holder[last]
    return msgspec.json.encode(value)


REPLACEMENTS = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "visa",
    "a",
    "12",
    [],
    {},
    [None],
    [{}],
    {"a": 1},
]


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(JSON_VALUES, max_size=4))
def test_no_mutation_of_an_answer_is_a_failure(seed: int, values: list[Any]) -> None:
    """1,200 bodies: each is decoded, and is either what msgspec makes of it, or told about."""
    random = Random(seed)
    for _ in range(20):
        data = mutated(random, REPLACEMENTS + values)
        value, violations = decode(Charge, data)
        try:
            fits = msgspec.json.decode(data, type=Charge)
        except msgspec.ValidationError:
            assert violations
            assert isinstance(value, Charge)
            lies = [place for place in untrue(value, Charge) if not place.startswith("/metadata/")]
            assert lies == []
        else:
            assert (value, violations) == (fits, ())


def test_what_is_not_what_its_annotation_says_is_found() -> None:
    """The measure itself: over plain objects, lists, mappings and unions."""
    card = Card(brand="visa", last4=1)  # type: ignore[arg-type]
    charge = Charge(
        id="c", kind="charge", amount=None, cards=[card], by_name={"a": card},  # type: ignore[arg-type]
        closed="z", metadata={"a": 1}, rate=1, customer={"city": "x"}, paid=1,  # type: ignore[arg-type,dict-item]
    )  # fmt: skip
    lies = {"/amount", "/cards/0/last4", "/by_name/a/last4", "/closed", "/metadata/a", "/paid"}
    assert set(untrue(charge, Charge)) == lies | {"/customer"}
    assert list(untrue([1, "2", None], list[int])) == ["/1", "/2"]
    assert list(untrue({"a": card}, Charge)) == [""]
    assert not list(untrue(decode(Charge, body())[0], Charge))


@settings(max_examples=300)
@given(JSON_VALUES)
def test_any_json_at_all_is_survived(value: object) -> None:
    data = msgspec.json.encode(value)
    for kind in (Charge, list[Charge], dict[str, Card], Cat | Dog, Address | str | None):
        _, violations = decode(kind, data)
        assert isinstance(violations, tuple)


@settings(max_examples=500)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_at_all_are_survived(data: bytes) -> None:
    try:
        decode(Charge, data)
    except InvalidResponse:
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(data)


class Note(Model):
    id: str
    text: str = ""
    raw: bytes = b""
    tags: list[str] = field(default_factory=list)
    more: dict[str, JSON] = field(default_factory=dict)
    inner: Note | None = None
    token: str = ""


def test_a_repr_looks_as_usual_and_masks_secrets() -> None:
    inner = Note(id="n_2", more={"a": [1, None]})
    note = Note(id="n_1", text="it's", tags=["x"], inner=inner, token="tok_1")
    assert repr(note) == (
        "Note(id='n_1', text=\"it's\", raw=b'', tags=['x'], more={}, inner=Note(id='n_2', text='',"
        " raw=b'', tags=[], more={'a': [1, None]}, inner=None, token='[redacted]'),"
        " token='[redacted]')"
    )


class Counted:
    """Looked at by a repr."""

    count = 0

    def __repr__(self) -> str:
        Counted.count += 1
        return "counted"


def deep(levels: int) -> Note:
    note = Note(id="n")
    for _ in range(levels):
        note = Note(id="n", inner=note)
    return note


@pytest.mark.parametrize(
    "note",
    [
        Note(id="n", text="4-eyJhbGciOi" * 100_000),
        Note(id="n", raw=b"x" * 1_000_000),
        Note(id="n", tags=["tag"] * 100_000),
        Note(id="n", more={f"key {number}": "x" * 100 for number in range(10_000)}),
        Note(id="n", more={"k" * 1_000_000: 1}),
        Note(id="n", more={"deep": [[["x" * 3000] * 3] * 3] * 3}),
        deep(5000),
    ],
    ids=["text", "bytes", "list", "members", "a long name", "deep lists", "deep models"],
)
def test_a_repr_is_short_whatever_the_provider_sent(
    note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    text = Redactor.text
    monkeypatch.setattr(Redactor, "text", lambda self, s: sizes.append(len(s)) or text(self, s))
    shown = repr(note)
    assert shown.startswith("Note(id='n', ")
    assert "…" in shown
    assert len(shown) < 5_000
    assert sum(sizes) < 25_000


def test_a_repr_looks_at_no_more_than_it_shows() -> None:
    Counted.count = 0
    repr(Note(id="n", more={str(number): Counted() for number in range(100_000)}))
    assert 0 < Counted.count < 1_000


def test_a_long_text_shows_no_part_of_a_secret() -> None:
    token = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    for before in range(4000, 4090):
        assert token[:12] not in repr(Note(id="n", text=f"{'x' * before} {token}{' z' * 9000}"))
