"""Inboxes as they are after months: a million genuine events, most of them done long ago.

Bodies are JSON of about 3 KB over a vocabulary in which few words are frequent and most are rare,
as in any text. Filling goes through the store, in large transactions; `fill` goes on where an
earlier one stopped.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from benchmarks.webhooks.servers import SECRET
from noctule.webhooks.processing.inbox import open_store
from noctule.webhooks.processing.maintenance import copy_of
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.signing.sign import sign
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.verify import verify_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.store.base import InboxStore

NOW = 1_790_000_000.0
"""When the last event came."""
DAYS = 60.0
CHUNK = 2_000
TYPES = ("invoice.paid", "charge.succeeded", "customer.updated", "payment_intent.succeeded")
RARE_TYPE = "charge.dispute.created"
RARE_EVERY = 20_000
"""Every so manieth event is of the rare type and dead; the ones before it are unhandled, suspect
and pending."""
REPLAYED = "invoice.paid"
OLD_WORD = "grandfathered"
"""In the first thousand events only: the newest hit lies as far back as it can."""


def word(number: int) -> str:
    """A word of the vocabulary: no two alike, none that another begins with."""
    return "".join(
        "abcdefghijklmnop"[int(digit, 16)] for digit in f"{number * 2654435761 % 2**32:x}"
    )


VOCABULARY = [word(n) for n in range(1, 50_001)]
WEIGHTS = [1 / n for n in range(1, 50_001)]


def event(number: int, total: int, dice: random.Random) -> bytes:
    """The event of that number: an object with fifteen lines of words."""
    words = dice.choices(VOCABULARY, cum_weights=CUMULATED, k=15 * 6)
    lines = ",".join(
        f'{{"id":"il_{number:07}{n:02}","object":"line_item","amount":{1000 + n},"currency":"eur",'
        f'"description":"{" ".join(words[6 * n : 6 * n + 6])}","quantity":1}}'
        for n in range(15)
    )
    kind = RARE_TYPE if number % RARE_EVERY == RARE_EVERY - 1 else TYPES[number % len(TYPES)]
    plan = OLD_WORD if number < 1000 else "current"
    return (
        f'{{"id":"evt_{number:024}","object":"event","created":{int(time_of(number, total))},'
        f'"type":"{kind}","data":{{"object":{{"id":"in_{number:024}","object":"invoice",'
        f'"amount_paid":15105,"customer":"cus_{number:014}",'
        f'"customer_email":"person{number}@example.com","plan":"{plan}",'
        f'"lines":{{"object":"list","data":[{lines}]}}}}}}}}'
    ).encode()


def _cumulated() -> list[float]:
    total, sums = 0.0, []
    for weight in WEIGHTS:
        total += weight
        sums.append(total)
    return sums


CUMULATED = _cumulated()


def time_of(number: int, total: int) -> float:
    return NOW - DAYS * 86400 * (1 - number / total)


def deliveries(start: int, count: int, total: int) -> Iterator[Delivery]:
    """Verified deliveries, as the intake hands them on."""
    scheme, dice = scheme_of("stripe"), random.Random(start)
    for number in range(start, start + count):
        at = time_of(number, total)
        body = event(number, total, dice)
        headers = sign(scheme, body, SECRET, now=at)
        request = WebhookRequest("POST", "https://shop.example/api/webhooks/stripe", headers, body)
        verified = verify_blocking(scheme, request, [SECRET], at)
        headers_to_store = [pair for pair in request.headers if scheme.stores_header(pair[0])]
        yield Delivery(
            route="stripe" if number % 10 else "stripe-connect",
            provider="stripe",
            request=WebhookRequest(request.method, request.url, headers_to_store, body),
            received_at=at,
            signed_at=verified.signed_at,
            key="STRIPE_WEBHOOK_SECRET",
            coverage=scheme.coverage,
            items=tuple(items(verified)),
        )


def fill(place: str, total: int, seconds: float = float("inf")) -> int:
    """Bring an inbox to so many events, or work on it for so long; returns how many it has."""
    store = open_store(place)
    limit = time.monotonic() + seconds
    try:
        have = _count(store)
        while have < total and time.monotonic() < limit:
            have += _add(store, have, min(CHUNK, total - have), total)
        if have >= total:
            _set_aside(store)
        return have
    finally:
        store.close()


def _add(store: InboxStore, have: int, count: int, total: int) -> int:
    batch = list(deliveries(have, count, total))
    with store.transaction():
        numbers = [receipt.delivery for receipt in store.accept(batch)]
        # Nothing in these bodies is masked, so that they are their own copies.
        assert copy_of(batch[0].request).encode() == batch[0].request.body
        texts = [delivery.request.body.decode() for delivery in batch]
        store.add_copies(dict(zip(numbers, texts, strict=True)))
        store.run(
            f"UPDATE noctule_event SET state = 'done', due = 0 WHERE delivery >= {numbers[0]}"
        )
    return len(batch)


def _set_aside(store: InboxStore) -> None:
    with store.transaction():
        for place, state in enumerate(("dead", "quarantined", "unhandled", "pending"), 1):
            store.run(
                f"UPDATE noctule_event SET state = '{state}'"
                f" WHERE delivery % {RARE_EVERY} = {(RARE_EVERY + 1 - place) % RARE_EVERY}"
            )


def _count(store: InboxStore) -> int:
    [(count,)] = store.run("SELECT count(*) FROM noctule_event")
    return count
