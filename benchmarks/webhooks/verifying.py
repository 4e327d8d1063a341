"""What verifying and classifying one delivery costs: `python benchmarks/webhooks/verifying.py`.

A body of 3 KB under each HMAC scheme that ships, in microseconds, median of many; the provider's
own library beside it where one is installed, interleaved in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from noctule.json_types import get_path, set_path
from noctule.providers import packs
from noctule.webhooks import Scheme, WebhookRequest, scheme_of
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

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


def theirs(name: str) -> Callable[[], object] | None:
    """The library that the provider tells people to use, doing the same."""
    scheme, key = scheme_of(name), new_key(scheme_of(name))
    now = time.time()
    headers, body = compose(scheme, payload_of(scheme), key.signing, now=now, id="msg_1", url=URL)
    match name:
        case "stripe":
            import stripe

            header = headers["stripe-signature"]
            return lambda: stripe.Webhook.construct_event(body, header, key.secret)
        case "standard-webhooks":
            import standardwebhooks

            judge = standardwebhooks.Webhook(key.secret)
            return lambda: judge.verify(body, headers)
        case "slack":
            from slack_sdk.signature import SignatureVerifier

            verifier = SignatureVerifier(key.secret)
            return lambda: verifier.is_valid_request(body, headers) and json.loads(body)
        case _:
            return None


def micros(call: Callable[[], object], times: int) -> list[float]:
    found: list[float] = []
    for _ in range(times):
        began = time.perf_counter_ns()
        call()
        found.append((time.perf_counter_ns() - began) / 1000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    names = [
        name
        for name, pack in packs().items()
        if pack.signature and scheme_of(name).algorithm.startswith("hmac")
    ]
    calls: dict[str, Callable[[], object]] = {name: ours(name) for name in names}
    calls |= {f"{n} (its library)": c for n in names if (c := theirs(n)) is not None}
    found: dict[str, list[float]] = {label: [] for label in calls}
    for _ in range(rounds):
        for label, call in calls.items():
            found[label] += micros(call, 20 if "library" in label else 200)
    print(f"{'scheme':<34}{'median µs':>10}{'min µs':>9}{'ratio':>8}")
    for label, times in sorted(found.items(), key=lambda item: statistics.median(item[1])):
        own = found[label.partition(" (")[0]]
        ratio = statistics.median(times) / statistics.median(own)
        shown = f"{ratio:>7.0f}x" if "library" in label else ""
        print(f"{label:<34}{statistics.median(times):>10.1f}{min(times):>9.1f}{shown}")
    medians = [statistics.median(times) for label, times in found.items() if "(" not in label]
    print(f"{len(medians)} HMAC schemes: median of medians {statistics.median(medians):.1f} µs, "
          f"slowest {max(medians):.1f} µs")  # fmt: skip


if __name__ == "__main__":
    main()
