"""Deliveries that nobody sent, by the million.

For each family of schemes, genuine deliveries are changed at random (bits, headers, addresses,
times, splices of two deliveries, hostile texts) and verified. What must never happen is an
exception other than our own rejection, and an accepted delivery that says something the provider
did not sign. Exits 1 if either was found.

Takes a quarter of an hour with a million deliveries a family, half a minute with the default.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks.shared import Table, parser, report
from noctule.json_types import get_path, set_path
from noctule.providers import packs
from noctule.webhooks import Rejection, Scheme, VerifiedDelivery, WebhookRequest, scheme_of
from noctule.webhooks.explain import explain
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.testing import publish
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from noctule.webhooks.verification.verify import verify_blocking

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_800_000_000.0
URL = "https://shop.example/webhooks?tenant=1"
GENUINE = 24
"""Deliveries of each scheme that are changed."""
EXPLAINED = 2_000
"""One rejection in so many is explained too: it costs a hundred times the verification."""
HOSTILE = [
    b"", b"v1", b"v1,", b"v1,a,b", b"t=,v1=", b"sha256=", b"sha1=", b"=", b",", b";" * 300,
    "é".encode() * 40, b"\xff\xfe", b"\x00", b"v1=" + "é".encode() * 32, b"t=1e9,v1=00",
    b"t=nan,v1=00", b"t=-1,v1=00", b"9" * 400, b"-0", b"1_000", b"0x10", b"v1=" + b"0" * 5000,
    b"eyJhbGciOiJub25lIn0.e30.", b"a.b.c", b"....", b"2026-13-45T99:99:99Z", b"9999-12-31T23:59:59",
    b"0001-01-01T00:00:00+23:59", b"https://evil.example/cert.pem", b"file:///etc/passwd",
]  # fmt: skip
BODIES = [
    b"", b"{}", b"[]", b"null", b"[" * 60_000, b'{"a":' * 5_000, b'{"id":' + b"9" * 4000 + b"}",
    b'{"id":1e999}', b"\xef\xbb\xbf{}", b"a=%ff&b=%", b"bt_signature=a|b&bt_payload=PA==",
    b'{"signature":null}', b'{"signature":{"signature":[],"token":{},"timestamp":true}}',
    b'{"notificationItems":[]}', b'{"notificationItems":[null,1,"a",{}]}', b"\xff\xfe\x00",
    b"--x\r\n\r\n--x--", b'{"Type":"Notification","Type":"SubscriptionConfirmation"}',
]  # fmt: skip


INJECTED = "&payload=%7B%22id%22%3A%22forged%22%7D&json=%7B%7D&bt_payload=PA==&x="
"""A text in every genuine body that means another event where the body is read as a form."""
MEDIA = [
    b"application/json", b"application/x-www-form-urlencoded", b"text/plain", b"", b"a/b+json",
    b"multipart/form-data; boundary=x", b"multipart/form-data", b"application/json; charset=utf-16",
    b"application/cloudevents-batch+json", b"application/vnd.contentful.management.v1+json",
]  # fmt: skip


@dataclass
class Target:
    """One scheme, its key, and what was really sent under it."""

    name: str
    scheme: Scheme
    secret: str
    sent: list[tuple[dict[str, str], bytes]]
    meant: set[str]

    @classmethod
    def of(cls, name: str, dice: random.Random) -> Target:
        ticks = count(step=10.0)
        scheme = scheme_of(name)
        scheme = scheme.with_settings(dict.fromkeys(scheme.settings, "sandbox"))
        key = new_key(scheme)
        if scheme.key_address:
            use_key_cache(scheme.key_address, KeyCache(clock=lambda: next(ticks)))
            publish(scheme, key)
        sent = [_delivery(scheme, key.signing, number, dice) for number in range(GENUINE)]
        target = cls(name, scheme, key.secret, sent, set())
        for headers, body in sent:
            target.meant.add(
                meaning(target.verify(WebhookRequest("POST", URL, headers, body), NOW))
            )
        return target

    def verify(self, request: WebhookRequest, now: float) -> VerifiedDelivery:
        return verify_blocking(self.scheme, request, [self.secret], now)


@dataclass
class Tally:
    deliveries: int = 0
    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    forgeries: list[str] = field(default_factory=list)


def family_of(scheme: Scheme) -> str:
    if scheme.components:
        return "http-message"
    if scheme.scope.is_token:
        return "jwt"
    if scheme.signature_locator is not None:
        return "body-embedded"
    for family in ("ed25519", "ecdsa", "rsa"):
        if scheme.algorithm.startswith(family):
            return family
    return "hmac-timestamped" if scheme.timestamp else "hmac"


def meaning(verified: VerifiedDelivery) -> str:
    """What a handler may rely on: the signed content and how it is read, and the signed id, type
    and time."""
    view, scheme = verified.view, verified.view.scheme
    if not {"body", "sha256"}.isdisjoint(scheme.signed.parts):
        content: Any = [view.request.body.hex(), view.data]
    elif scheme.scope.body_fields:
        content = view.data
    elif "sorted_form" in scheme.signed:
        content = view.sorted_form.hex()
    else:
        covered = [
            all(map(scheme.scope.includes, next(iter(locators), ())))
            for locators in (scheme.id, scheme.type)
        ]
        pairs = [(item.id, item.type) for item in items(verified)]
        content = [[t for t, signed in zip(p, covered, strict=True) if signed] for p in pairs]
    ids = [item.id for item in items(verified) if item.identity.key.startswith("id:")]
    return json.dumps([content, ids, verified.signed_at], sort_keys=True, default=str)


def _delivery(
    scheme: Scheme, signing: str, number: int, dice: random.Random
) -> tuple[dict[str, str], bytes]:
    payload: dict[str, Any] = {"note": f"né {number} {INJECTED}", "n": str(dice.random())}
    if "sns" in scheme.signed:
        payload = {"Type": "Notification", "MessageId": f"m{number}", "Message": payload["n"]}
    parts = [part for group in (*list(scheme.id)[:1], *list(scheme.type)[:1]) for part in group]
    for locator in [*parts, *scheme.signed.locators]:
        if locator.kind == "body" and get_path(payload, locator.name) is None:
            set_path(payload, locator.name, f"v{number}{dice.randrange(99)}")
    return compose(
        scheme, payload, signing, now=NOW - dice.randrange(20), id=f"msg_{number}", url=URL
    )


def changed(target: Target, dice: random.Random) -> tuple[WebhookRequest, float, bool]:
    """A delivery after one to three changes, the time it comes at, and whether any was made."""
    headers, body = dice.choice(target.sent)
    pairs: list[tuple[bytes, bytes]] = [(n.encode(), v.encode()) for n, v in headers.items()]
    url, method, now = URL, "POST", NOW
    for _ in range(dice.choice((1, 1, 2, 3))):
        match dice.randrange(12):
            case 0 | 1 | 2 if pairs:
                place = dice.randrange(len(pairs))
                name, value = pairs[place]
                pairs[place] = name, _mutated(value, dice, HOSTILE)
            case 3 | 4:
                body = _mutated(body, dice, BODIES)
            case 5 if pairs:
                pairs.pop(dice.randrange(len(pairs)))
            case 6 if pairs:
                pairs.append(dice.choice(pairs))
            case 7:
                other_headers, other = dice.choice(target.sent)
                if dice.random() < 0.5:
                    body = other
                else:
                    pairs = [
                        (n, other_headers[n.decode()].encode())
                        if dice.random() < 0.5 and n.decode() in other_headers
                        else (n, v)
                        for n, v in pairs
                    ]
            case 8:
                url = _mutated(url.encode(), dice, [b"", b"http://[::1", b"https://a:b/"]).decode(
                    "latin-1"
                )
            case 9:
                now += dice.choice((-1e12, -4000, -301, 0, 301, 90_000, 1e12, 1e300))
            case 10:
                pairs = [(n, v) for n, v in pairs if n != b"content-type"]
                pairs.append((b"content-type", dice.choice(MEDIA)))
            case _:
                method = dice.choice(("GET", "HEAD", "PUT", "é"))
    return WebhookRequest(method, url, pairs, body), now, True


def _mutated(data: bytes, dice: random.Random, hostile: list[bytes]) -> bytes:
    place = dice.randrange(len(data) + 1)
    match dice.randrange(7):
        case 0 | 1 | 2 if data:
            at = place % len(data)
            return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]
        case 3:
            return data[:place]
        case 4:
            return data[:place] + dice.choice(hostile)[:64] + data[place:]
        case 5:
            return data[:place] + data[place + dice.randrange(1, 9) :]
        case _:
            return dice.choice(hostile)


def attack(target: Target, tally: Tally, dice: random.Random) -> None:
    request, now, _ = changed(target, dice)
    tally.deliveries += 1
    try:
        view = DeliveryView(target.scheme, request)
        if greeting := find_handshake(view, signed=False):
            handshake_reply(greeting, view, target.secret)
        verified = target.verify(request, now)
        if greeting := find_handshake(verified.view, signed=True):
            handshake_reply(greeting, verified.view, target.secret)
        meant = meaning(verified)
    except Rejection as rejection:
        tally.reasons[str(rejection.reason)] += 1
        if not tally.deliveries % EXPLAINED:
            explain(target.scheme, request, [target.secret], now)
        return
    except Exception as error:
        tally.crashes.append(f"{target.name}: {type(error).__name__}: {error}")
        return
    tally.accepted += 1
    stamp = target.scheme.timestamp
    late = (
        stamp
        and verified.signed_at is not None
        and (now - verified.signed_at > stamp.past or verified.signed_at - now > stamp.future)
    )
    if meant not in target.meant or late:
        tally.forgeries.append(f"{target.name}: {request.headers} {request.body[:200]!r}")


def families(wanted: str) -> dict[str, list[str]]:
    by_family: dict[str, list[str]] = defaultdict(list)
    for name, pack in packs().items():
        if pack.signature:
            by_family[family_of(scheme_of(name))].append(name)
    return {f: names for f, names in sorted(by_family.items()) if wanted in ("", f)}


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.fuzz", __doc__)
    command_line.add_argument("--deliveries", type=int, default=20_000, help="for each family")
    command_line.add_argument("--family", default="", help="one family only")
    command_line.add_argument("--seed", type=int, default=1)
    options = command_line.parse_args(arguments)
    violated = False
    rows: list[tuple[str | int | float, ...]] = []
    for family, names in families(options.family).items():
        dice = random.Random(f"{options.seed} {family}")
        targets = [Target.of(name, dice) for name in names]
        tally, began = Tally(), time.perf_counter()
        for number in range(options.deliveries):
            attack(targets[number % len(targets)], tally, dice)
        seconds = round(time.perf_counter() - began, 1)
        wrong = len(tally.crashes), len(tally.forgeries)
        rows.append((family, len(names), tally.deliveries, tally.accepted, *wrong, seconds))
        print(*rows[-1], flush=True)
        for line in [*tally.crashes[:5], *tally.forgeries[:5]]:
            print("  " + line)
        violated = violated or any(wrong)
    head = ("family", "schemes", "deliveries", "accepted", "crashes", "forgeries", "seconds")
    report(options, Table("Deliveries that nobody sent", head, rows, f"Seed {options.seed}."))
    return int(violated)
