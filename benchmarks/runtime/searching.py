"""What a program says, searched for the secrets it was given."""

from __future__ import annotations

import base64
import logging
import traceback
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIALS = {
    "STRIPE_SECRET_KEY": "sk_live_51HPLANTEDplantedPLANTED",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_51HPLANTEDplantedPLANTED",
    "GITHUB_TOKEN": "ghp_PLANTEDplantedPLANTEDplantedPLANTED1",
    "SLACK_BOT_TOKEN": "xoxb-1111-2222-PLANTEDplanted",
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "fedcba9876543210PLANTED876543210",
    "SENDGRID_API_KEY": "SG.PLANTEDplantedPLANTED.plantedPLANTEDplantedPLANTED",
}
CARD = "4242424242424242"
TOKEN = "whsec_PLANTEDplantedPLANTEDplanted"
KEY = "order 81/attempt+1=9f3c"
"""An idempotency key. It is in `error.idempotency_key`, for the program, and told nowhere."""


def spelt(secret: str) -> list[str]:
    """As it is, percent-encoded, and what its base64 has in common wherever it stands."""
    data = secret.encode()
    inside = [base64.b64encode(b"x" * n + data).decode()[4 * bool(n) : -4] for n in range(3)]
    return [*dict.fromkeys([secret, quote(secret, safe=""), quote_plus(secret), *inside])]


def quoted(text: str, secret: str) -> bool:
    return any(form in text for form in spelt(secret))


class Search:
    """What was said, and how often each secret was found in it, by kind of place."""

    def __init__(self, provider: str) -> None:
        self.credentials = [v for k, v in CREDENTIALS.items() if k.startswith(provider.upper())]
        planted = {"card": CARD, "token": TOKEN, "idempotency key": KEY}
        planted |= {f"credential {n}": value for n, value in enumerate(self.credentials)}
        self._forms = {form: name for name, value in planted.items() for form in spelt(value)}
        self.texts: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()

    def read(self, place: str, text: str) -> None:
        self.texts[place] += 1
        for form, name in self._forms.items():
            if form in text:
                self.hits[f"{place}: {name}"] += 1


class Everything(logging.Handler):
    """All records, as a handler gets them."""

    def __init__(self, search: Search) -> None:
        super().__init__(logging.DEBUG)
        self._search = search
        self._format = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        place = f"log of {record.name.partition('.')[0]}"
        self._search.read(place, f"{self._format.format(record)} {vars(record)!r}")


@contextmanager
def all_logs(search: Search) -> Iterator[None]:
    root, handler = logging.getLogger(), Everything(search)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class Spans:
    """A tracer, and its spans, of OpenTelemetry's interface."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def start_as_current_span(self, *facts: object, **more: object) -> Spans:
        self._search.read("span", repr((facts, more)))
        return self

    def __enter__(self) -> Spans:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def set_attribute(self, *facts: object) -> None:
        self._search.read("span", repr(facts))

    set_status = set_attribute


def shown_locals(error: BaseException, caller: str) -> Iterator[str]:
    """The locals of all frames of whatever led to `error`, but those of the file `caller` and of
    generated methods."""
    waiting = [traceback.TracebackException.from_exception(error, capture_locals=True)]
    while waiting:
        error_in_chain = waiting.pop()
        waiting += [
            linked
            for linked in (error_in_chain.__cause__, error_in_chain.__context__)
            if linked is not None
        ]
        for frame in error_in_chain.stack:
            if frame.filename != caller and "/app/" not in frame.filename:
                yield f"{frame.filename} {frame.name} {frame.locals}\n"
