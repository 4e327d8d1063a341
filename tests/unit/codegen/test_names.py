"""Names for code, from whatever a document calls things."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.apidoc.naming.nouns import singular
from noctule.codegen.model.name_allocator import LONGEST_NAME, LONGEST_PAIR, NameAllocator
from noctule.codegen.model.naming import free
from noctule.codegen.python.naming import PYTHON_NAMING, class_name, constant_name, python_name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("payment_intent", "payment_intent"),
        ("createPaymentIntent", "create_payment_intent"),
        ("HTTPServer", "http_server"),
        ("listIPs", "list_ips"),
        ("IPsOfURLs", "ips_of_urls"),
        ("X-Request-Id", "x_request_id"),
        ("created[gte]", "created_gte"),
        ("from", "from_"),
        ("2fa", "n_2fa"),
        ("+1", "plus_1"),
        ("-1", "minus_1"),
        ("Montant payé", "montant_paye"),
        ("名前", "名前"),
        ("__class__", "class_"),
        ("", "value"),
        ("$%", "value"),
    ],
)
def test_a_python_name_is_readable(wire: str, name: str) -> None:
    assert python_name(wire) == name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("payment_intent", "PaymentIntent"),
        ("full-repository", "FullRepository"),
        ("GitHub", "GitHub"),
        ("checkout.session", "CheckoutSession"),
        ("PAYMENT_INTENT", "Paymentintent"),
        ("None", "None_"),
        ("3d", "n_3d"),
    ],
)
def test_a_class_name_keeps_its_capitals(wire: str, name: str) -> None:
    assert class_name(wire) == name


@given(st.text(max_size=60))
def test_every_text_gives_legal_names(wire: str) -> None:
    for name in (python_name(wire), class_name(wire), constant_name(wire)):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)


@given(st.lists(st.text(max_size=12), max_size=30))
def test_names_of_one_scope_are_all_different_and_never_numbered(wires: list[str]) -> None:
    taken: set[str] = set()
    names = [free((python_name(wire), f"body_{python_name(wire)}"), taken) for wire in wires]
    assert len(set(names)) == len(names)


@given(st.lists(st.tuples(st.text(max_size=80), st.text(max_size=80)), max_size=20))
def test_class_names_fit_beside_their_member(pairs: list[tuple[str, str]]) -> None:
    scope = allocator()
    names = [scope.record(owner, f"{owner}_{wire}", beside=wire) for owner, wire in pairs]
    assert len(set(names)) == len(names)
    for name, (_, wire) in zip(names, pairs, strict=True):
        bare = name.rstrip("_")
        assert len(bare) <= max(16, min(LONGEST_NAME, LONGEST_PAIR - len(python_name(wire))))


def test_one_item_of_a_list_is_singular() -> None:
    assert [singular(name) for name in ("categories", "boxes", "items", "status", "data")] == [
        "category",
        "box",
        "item",
        "status",
        "data",
    ]


def allocator() -> NameAllocator:
    return NameAllocator(PYTHON_NAMING, "Stripe")


STATES = ("draft", "open", "paid", "void", "uncollectible", "overdue")


def test_an_enumeration_of_the_document_keeps_its_name() -> None:
    assert allocator().choice(STATES, "list_invoices", "state", "InvoiceState") == "InvoiceState"


def test_an_enumeration_of_several_owners_is_named_after_itself() -> None:
    scope = allocator()
    names = {scope.choice(STATES, owner, "state", "") for owner in ("invoice", "quote")}
    assert names == {"InvoiceState"}
    assert scope.shared_choices() == {"InvoiceState": "State"}


def test_two_enumerations_of_one_name_keep_their_owners_names() -> None:
    scope = allocator()
    for owner in ("invoice", "quote"):
        scope.choice(STATES, owner, "state", "")
        scope.choice((*STATES, "other"), f"{owner}_item", "state", "")
    assert scope.shared_choices() == {}
