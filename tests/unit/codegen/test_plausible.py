"""Example values look like the real thing, and never like a credential."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.codegen.build.plausible import plausible_number, plausible_text
from noctule.runtime import redact


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("email", "a@example.com"),
        ("receiptEmail", "a@example.com"),
        ("return_url", "https://example.com/return"),
        ("statusCallback", "https://example.com/status"),
        ("customer_id", "cus_123"),
        ("payment_method_id", "pm_123"),
        ("currency", "eur"),
        ("currencies", "currencies"),
        ("country_code", "FR"),
        ("preferred_locales", "en-US"),
        ("due_date", "2026-01-15"),
        ("expires_at", "2026-01-15T09:30:00Z"),
        ("first_name", "Ada"),
        ("cardholder_name", "Ada Lovelace"),
        ("product_name", "Example product"),
        ("description", "A short description"),
        ("statement_descriptor", "statement descriptor"),
        ("", "example"),
    ],
)
def test_text_by_its_name(name: str, text: str) -> None:
    assert plausible_text(name) == text


def test_id_by_its_record_and_by_its_description() -> None:
    assert plausible_text("id", owner="Customer") == "cus_123"
    assert plausible_text("id", owner="PaymentIntent") == "pi_123"
    assert plausible_text("charge", about="The charge, 'ch_...'.") == "ch_123"
    assert plausible_text("charge", about="The ID of the charge.") == "cha_123"


@pytest.mark.parametrize(("name", "number"), [("amount", 1099), ("limit", 10), ("x", 1), ("", 1)])
def test_number_by_its_name(name: str, number: int) -> None:
    assert plausible_number(name) == number


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_empty_or_masked(name: str, owner: str) -> None:
    text = plausible_text(name, owner=owner)
    assert text
    assert redact(text) == text
