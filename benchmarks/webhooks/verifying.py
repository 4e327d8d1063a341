"""What verifying and classifying one delivery costs, beside the providers' own libraries.

A body of 3 KB under each HMAC scheme that ships, in microseconds, median of many; the provider's
own library beside it where one is installed, interleaved in the same run. Ours verifies, parses
the JSON and reads id and type. Of Stripe's library there are two rows: `verify_header` and
`json.loads`, which is the same work, and `construct_event`, which also builds an object tree.

Takes half a minute.
"""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.shared import Table, parser, report
from noctule.json_types import get_path, set_path
from noctule.providers import packs
from noctule.webhooks import Scheme, WebhookRequest, scheme_of
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = 1_800_000_000.0
URL = "https://shop.example/webhooks"
SIZE = 3_000


def payload_of(scheme: Scheme) -> dict[str, Any]:
    """Line items until the body has 3 KB, and what the scheme reads."""
    payload: dict[str, Any] = {"object": "event", "livemode": False}
    parts = [part for group in (*list(scheme.id)[:1], *list(scheme.type)[:1]) for part in group]
    for locator in [*parts, *scheme.signed.locators]:
        if locator.kind == "body" and get_path(payload, locator.name) is None:
            set_path(payload, locator.name, "evt_1234567890")
    line = {"id": "il_1Nn0", "amount": 1999, "currency": "eur", "description": "Café crème"}
    rows: list[dict[str, Any]] = []
    while len(json.dumps(payload | {"lines": rows}, ensure_ascii=False).encode()) < SIZE:
        rows.append(line | {"number": len(rows)})
    flat = "form" in next(iter(scheme.content.values()))
    return payload | {"lines": json.dumps(rows) if flat else rows}


def ours(name: str) -> Callable[[], object]:
    """Headers as a server gives them, verified and classified from scratch."""
    scheme, key = scheme_of(name), new_key(scheme_of(name))
    scheme = scheme.with_settings(dict.fromkeys(scheme.settings, "x"))
    headers, body = compose(scheme, payload_of(scheme), key.signing, now=NOW, id="msg_1", url=URL)
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return lambda: items(
        verify(scheme, WebhookRequest("POST", URL, pairs, body), [key.secret], NOW)
    )


def theirs(name: str) -> dict[str, Callable[[], object]]:
    """What the library does that the provider publishes: label -> call."""
    scheme, key = scheme_of(name), new_key(scheme_of(name))
    now = time.time()
    headers, body = compose(scheme, payload_of(scheme), key.signing, now=now, id="msg_1", url=URL)
    match name:
        case "stripe":
            import stripe

            header = headers["stripe-signature"]
            check = stripe.WebhookSignature.verify_header
            return {
                "verify_header + json.loads": lambda: (
                    check(body.decode(), header, key.secret, 300) and json.loads(body)
                ),
                "construct_event": lambda: stripe.Webhook.construct_event(body, header, key.secret),
            }
        case "standard-webhooks":
            import standardwebhooks

            judge = standardwebhooks.Webhook(key.secret)
            return {"standardwebhooks": lambda: judge.verify(body, headers)}
        case "slack":
            from slack_sdk.signature import SignatureVerifier

            verifier = SignatureVerifier(key.secret)
            return {
                "slack_sdk + json.loads": lambda: (
                    verifier.is_valid_request(body, headers) and json.loads(body)
                )
            }
        case _:
            return {}


def micros(call: Callable[[], object], times: int) -> list[float]:
    micros_of: list[float] = []
    for _ in range(times):
        began = time.perf_counter_ns()
        call()
        micros_of.append((time.perf_counter_ns() - began) / 1000)
    return micros_of


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.verifying", __doc__)
    command_line.add_argument("--rounds", type=int, default=10)
    options = command_line.parse_args(arguments)
    names = [
        name
        for name, pack in packs().items()
        if pack.signature and scheme_of(name).algorithm.startswith("hmac")
    ]
    calls: dict[str, Callable[[], object]] = {name: ours(name) for name in names}
    for name in names:
        calls |= {f"{name} ({label})": call for label, call in theirs(name).items()}
    times_of: dict[str, list[float]] = {label: [] for label in calls}
    for _ in range(options.rounds):
        for label, call in calls.items():
            times_of[label] += micros(call, 20 if "(" in label else 200)
    rows: list[tuple[str | int | float, ...]] = []
    for label, times in sorted(times_of.items(), key=lambda item: median(item[1])):
        own = times_of[label.partition(" (")[0]]
        ratio = f"{median(times) / median(own):.1f}x" if "(" in label else ""
        rows.append((label, round(median(times), 1), round(min(times), 1), ratio))
    medians = [median(times_of[name]) for name in names]
    note = (
        f"{len(medians)} HMAC schemes: median of medians {median(medians):.1f} µs, "
        f"slowest {max(medians):.1f} µs."
    )
    head = ("scheme", "median, µs", "least, µs", "beside noctule")
    report(options, Table("Verifying and classifying one delivery", head, rows, note))
    return 0
