"""Numbers that a binary fraction would round: amounts of money with decimals."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from noctule.apidoc.naming.word_split import split_words

if TYPE_CHECKING:
    from noctule.apidoc import Schema

DECIMALS = frozenset({"decimal", "decimal128", "bigdecimal", "money", "currency"})
"""Formats of such numbers."""
AMOUNTS = frozenset(
    {"amount", "balance", "charge", "cost", "discount", "fee", "fees", "payment", "price",
     "refund", "salary", "subtotal", "tax", "total", "vat",
     "cout", "frais", "montant", "prix", "remise", "solde", "taxe", "tva"}
)  # fmt: skip
"""Words in the names of amounts; they need more than the name."""
OTHERS = frozenset(
    {"count", "days", "factor", "hours", "items", "pages", "percent", "percentage", "quantity",
     "rate", "ratio", "score", "tokens", "units", "weight"}
)  # fmt: skip
_CURRENCY = re.compile(
    r"\b(?:currency|currencies|devise|dollars?|euros?|USD|EUR|GBP|CAD|AUD|CHF)\b|[$€£]"
)
_CENTS = re.compile(r"-?\d+\.\d\d")


def is_decimal(schema: Schema, name: str) -> bool:
    """Whether a number of this name has decimals that count: by its format, by a step of a tenth,
    a hundredth and so on, or because it is an amount by its name and either its description speaks
    of a currency or an example has two decimals."""
    if schema.type != "number":
        return False
    if schema.format.lower() in DECIMALS or _is_decimal_step(schema.raw.get("multipleOf")):
        return True
    words = {word.lower() for word in split_words(name)}
    if AMOUNTS.isdisjoint(words) or not OTHERS.isdisjoint(words):
        return False
    shown = any(
        isinstance(value, float) and _CENTS.fullmatch(repr(value)) for value in schema.examples
    )
    return shown or _CURRENCY.search(schema.description) is not None


def _is_decimal_step(step: object) -> bool:
    """0.1, 0.01, 0.001 …"""
    if not isinstance(step, float) or not 0 < step < 1:
        return False
    places = -math.log10(step)
    return abs(places - round(places)) < 1e-9
