"""Values for tests that look like the real thing, from what a parameter is called."""

from __future__ import annotations

import re

from noctule.apidoc.naming.word_split import lower_words

LONGEST = 40
"""Characters of a text made of words."""
MOMENT = 1_768_469_400
"""15 January 2026, 09:30 UTC, in seconds since 1970."""

_TEXTS = {
    "email": "a@example.com",
    "phone": "+15550100",
    "mobile": "+15550100",
    "telephone": "+15550100",
    "currency": "eur",
    "country": "FR",
    "city": "Paris",
    "locale": "en-US",
    "language": "en",
    "timezone": "Europe/Paris",
    "zip": "75002",
    "postcode": "75002",
    "street": "5 rue de la Paix",
    "line1": "5 rue de la Paix",
    "line2": "2nd floor",
    "ip": "192.0.2.1",
    "domain": "example.com",
    "hostname": "example.com",
    "host": "example.com",
    "date": "2026-01-15",
    "time": "09:30:00",
    "color": "#336699",
    "colour": "#336699",
    "version": "1.0",
    "username": "ada",
    "login": "ada",
    "filename": "example.pdf",
    "order": "asc",
    "query": "example",
    "search": "example",
    "q": "example",
    "company": "Example Ltd",
    "after": "obj_123",
    "before": "obj_122",
    "cursor": "cursor_2",
}
"""Last word of a name -> text; names and numbers are those reserved for examples."""
_ENDINGS: dict[tuple[str, ...], str] = {
    ("postal", "code"): "75002",
    ("zip", "code"): "75002",
    ("country", "code"): "FR",
    ("currency", "code"): "eur",
    ("phone", "number"): "+15550100",
    ("time", "zone"): "Europe/Paris",
    ("first", "name"): "Ada",
    ("given", "name"): "Ada",
    ("last", "name"): "Lovelace",
    ("family", "name"): "Lovelace",
    ("company", "name"): "Example Ltd",
    ("organization", "name"): "Example Ltd",
    ("file", "name"): "example.pdf",
    ("user", "name"): "ada",
    ("domain", "name"): "example.com",
    ("host", "name"): "example.com",
    ("ip", "address"): "192.0.2.1",
    ("email", "address"): "a@example.com",
}
"""The last two words of a name -> text."""
_PEOPLE = frozenset({"author", "cardholder", "contact", "customer", "full", "holder", "owner"})
_LINKS = frozenset({"callback", "href", "link", "uri", "url", "webhook"})
_IDENTIFIERS = frozenset({"guid", "id", "identifier", "ids", "sid", "uuid"})
_PROSE = frozenset(
    {"body", "comment", "description", "message", "note", "notes", "reason", "subject", "text",
     "title"}
)  # fmt: skip
_NUMBERS = {
    "amount": 1099, "price": 1099, "total": 1099, "quantity": 2, "limit": 10, "year": 2030,
    "month": 12, "created": MOMENT, "updated": MOMENT, "timestamp": MOMENT, "at": MOMENT,
}  # fmt: skip
_PREFIX = re.compile(r"\b([a-z]{2,6}_)(?:\.\.\.|…|x{3,})")
"""How a document describes ids: "Customer, 'cus_...'"."""
_OF_ID = re.compile(r"\bID\b|\b(?:id|identifier) of\b")


def plausible_text(name: str, *, about: str = "", owner: str = "") -> str:
    """A text for a parameter or member called `name`; `about` describes it, `owner` is the record
    that has it."""
    if prefix := _PREFIX.search(about):
        return f"{prefix[1]}123"
    words = lower_words(name)
    if not words:
        return "example"
    last = words[-1]
    if last in _IDENTIFIERS:
        return _identifier(words[:-1] or lower_words(owner))
    for text in (_ENDINGS.get(tuple(words[-2:])), _TEXTS.get(last), _TEXTS.get(last[:-1])):
        if text is not None:
            return text
    if last in _LINKS:
        return f"https://example.com/{'-'.join(words[:-1]) or 'page'}"[:LONGEST]
    if last in ("at", "datetime", "timestamp"):
        return "2026-01-15T09:30:00Z"
    if last == "name":
        return "Ada Lovelace" if _PEOPLE & set(words) else " ".join(["Example", *words[:-1]])
    if last in _PROSE:
        return f"A short {last}"
    if _OF_ID.search(about):
        return _identifier(words)
    return " ".join(words)[:LONGEST].rstrip()


def plausible_number(name: str) -> int:
    """A whole number for a parameter or member called `name`."""
    words = lower_words(name)
    return _NUMBERS.get(words[-1], 1) if words else 1


def _identifier(words: list[str]) -> str:
    """`customer` -> `cus_123`, `payment_method` -> `pm_123`."""
    letters = "".join(word for word in words if word[0].isalpha())
    initials = "".join(word[0] for word in words if word[0].isalpha())
    return f"{initials if len(initials) > 1 else letters[:3] or 'id'}_123"
