"""A model of a provider, the network and an attacker, which deliver to a store in random order.

`Schedule(family, seed).run(store)` plays one and checks what docs/identity.md promises:

- no genuine event is lost: it is handled, or set aside and told of;
- an event is handled at most once, where something shows that a delivery is a retry;
- a replay never makes a second handled event, unless the content is a bell without a signed time.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.webhooks import Rejection, WebhookRequest
from noctule.webhooks.schemes.identity import Ground
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.signing.sign import compose
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.verify import verify_blocking
from support.webhook_samples import KEYS, PACKS, URL, payload_for

if TYPE_CHECKING:
    from noctule.webhooks.schemes.identity import IdentityFacts
    from noctule.webhooks.store.base import EventOutcome, InboxStore

START = 1_800_000_000.0
PLAIN = {"header": "X-Signature", "algorithm": "hmac-sha256", "signed": "{body}"}
TIMED = PLAIN | {"signed": "{timestamp}.{body}", "timestamp": {"from": "header:X-Time"}}
HEADER_ID = {"id": "header:X-Id"}
OWN: dict[str, dict[str, Any]] = {
    "own: signed id": TIMED | {"id": "body:id"},
    "own: time and id": TIMED | HEADER_ID,
    "own: time and content": TIMED | {"identity": {"equal": "same"}},
    "own: time": TIMED,
    "own: bell": PLAIN | {"identity": {"equal": "bell"}},
    "own: content and id": PLAIN | HEADER_ID,
    "own: content": PLAIN | {"identity": {"equal": "same"}},
    "own: nothing": PLAIN,
}
FAMILIES = {
    **{name: Scheme.parse(table, name) for name, table in OWN.items()},
    **{
        name: PACKS[name]
        for name in (
            *("stripe", "standard-webhooks", "sendgrid", "gocardless", "twitch", "adyen"),
            *("linear", "zendesk", "sanity", "mailgun"),
            *("calendly", "hubspot", "zoom", "slack", "monday"),
            *("dropbox-sign", "contentful", "plaid"),
            *("dropbox", "doppler", "airtable"),
            *("github", "shopify", "woocommerce", "razorpay"),
            *("clickup", "docusign", "xero", "asana"),
        )
    },
}  # fmt: skip
SECRET = "whsec_" + "a1" * 16
HANDLED = ("accepted", "repeated")


@dataclass
class GenuineEvent:
    """Something that happened at the provider, with what its deliveries say."""

    number: int
    id: str
    payload: dict[str, Any]
    handled: int = 0
    told: bool = False
    signed_at: set[str] = field(default_factory=set)


@dataclass
class Sent:
    """One delivery on its way: by the provider, or by somebody who captured it."""

    at: float
    event: GenuineEvent
    headers: dict[str, str]
    body: bytes
    replay: bool = False
    altered: bool = False


class Schedule:
    """One random run of a family of providers."""

    def __init__(self, name: str, seed: int, *, on_repeat: str = "quarantine") -> None:
        self.name = name
        self.scheme = FAMILIES[name]
        self.facts: IdentityFacts = self.scheme.identity
        self.random = random.Random(f"{name} {seed}")
        self.route = f"{name} {seed} {on_repeat}"
        self.on_repeat: Any = on_repeat
        key = KEYS.get(name)
        self.secrets = (key.signing, key.secret) if key else (SECRET, SECRET)
        self.bells: list[tuple[float, bytes]] = []
        """When a worker took a bell, and what it said."""
        self.log: list[str] = []

    @property
    def ground(self) -> Ground:
        first = next(iter(self.scheme.event_fields.id), None)
        return self.facts.ground(
            signed_id=first is not None and first.signed,
            unsigned_id=self.scheme.reads_unsigned_id,
            signed_time=self.scheme.timestamp is not None,
        )

    def run(self, store: InboxStore) -> None:
        """Play the schedule; raises AssertionError naming the seed and what was delivered."""
        events = [self._event(number) for number in range(self.random.randint(1, 4))]
        sent = [delivery for event in events for delivery in self._sent(event)]
        if self.on_repeat == "quarantine":
            sent += [self._replay(capture) for capture in self._captures(sent)]
        sent.sort(key=lambda delivery: delivery.at)
        while sent:
            count = self.random.choice((1, 1, 2, 5))
            group, sent = sent[:count], sent[count:]
            self._deliver(store, group)
            if self.random.random() < 0.3:
                self._work(store, group[-1].at)
        self._work(store, float("inf"))
        for event in events:
            self._check(event, events)

    # ---------------------------------------------------------------- the provider

    def _event(self, number: int) -> GenuineEvent:
        """An event; contents are equal where the provider's may be."""
        shared = self.facts.id_scope == "shared" and self.random.random() < 0.5
        event_id = "shared" if shared else f"e{number}-{self.random.randrange(10**9)}"
        names_event = self.facts.equal_content == "same"
        kind = number if names_event else self.random.choice("ab")
        payload = payload_for(self.scheme) | {"what": f"{kind}"}
        for alternatives, text in ((self.scheme.id, event_id), (self.scheme.type, "changed")):
            for locator in next(iter(alternatives), ()):
                if locator.kind == "body":
                    _set(payload, locator.name, text)
        return GenuineEvent(number, event_id, payload)

    def _sent(self, event: GenuineEvent) -> list[Sent]:
        """The attempts for an event, as many times as the network delivers each."""
        at = START + self.random.randrange(0, 7200)
        first = self._attempt(event, at, 0)
        sent = [first] * self.random.choice((0, 1, 1, 2))
        retry = self.facts.retry
        while retry != "none" and (not sent or self.random.random() < 0.4):
            at += self.random.randrange(60, 1800)
            again = retry == "signed_again" or (retry == "unknown" and self.random.random() < 0.5)
            if self._too_late(at - first.at, again=again):
                break
            attempt = self._attempt(event, at, len(sent) + 1) if again else first
            sent += [Sent(at, event, attempt.headers, attempt.body)] * self.random.choice((1, 1, 2))
        sent = sent or [first]
        return [
            Sent(delivery.at + self.random.random() * 20, event, delivery.headers, delivery.body)
            for delivery in sent
        ]

    def _too_late(self, age: float, *, again: bool) -> bool:
        """Whether there are no retries any more, or one with the first time would be stale."""
        stamp = self.scheme.timestamp
        stale = stamp is not None and not again and age > stamp.past - 30
        return stale or age > self.facts.retry_seconds - 60

    def _attempt(self, event: GenuineEvent, at: float, number: int) -> Sent:
        payload = _copy(event.payload)
        for locator in self.facts.changes:
            _set(payload, locator.name, f"{number}-{event.number}")
        event_id = f"{event.id}-{number}" if self.facts.id_scope == "attempt" else event.id
        headers, body = compose(
            self.scheme, payload, self.secrets[0], now=at, id=event_id, type="changed", url=URL
        )
        event.signed_at.add(str(int(at)))
        return Sent(at, event, headers, body)

    # ---------------------------------------------------------------- the attacker

    def _captures(self, sent: list[Sent]) -> list[Sent]:
        return [capture for capture in sent for _ in range(self.random.choice((0, 0, 1, 2)))]

    def _replay(self, capture: Sent) -> Sent:
        """The same bytes again, with what is not signed changed, soon or after a long time."""
        at = capture.at + self.random.choice((1, 100, 3000, 20_000, 400_000)) * (
            0.5 + self.random.random()
        )
        headers, body, altered = dict(capture.headers), capture.body, False
        for parts in self.scheme.event_fields.id:
            for locator in parts.locators:
                if locator.kind == "header" and not parts.signed and self.random.random() < 0.7:
                    altered = True
                    headers.pop(locator.name, None)
                    if text := self.random.choice(("", "forged", f"f{self.random.random()}")):
                        headers[locator.name] = text
        if self.scheme.coverage == "partial" and self.random.random() < 0.5:
            altered, body = True, body.replace(b'"what":"', b'"what":"forged')
        return Sent(at, capture.event, headers, body, replay=True, altered=altered)

    # ---------------------------------------------------------------- the receiver

    def _deliver(self, store: InboxStore, group: list[Sent]) -> None:
        taken: list[tuple[Sent, Delivery]] = []
        for sent in group:
            try:
                taken.append((sent, self._received(sent)))
            except Rejection as rejection:
                self.log.append(f"{sent.at:.0f} {sent.event.number} {sent.replay} {rejection}")
                assert sent.replay, self._told("a genuine delivery is rejected")
        receipts = store.accept([delivery for _, delivery in taken])
        for (sent, _), receipt in zip(taken, receipts, strict=True):
            for outcome in receipt.outcomes:
                self._note(sent, outcome)

    def _received(self, sent: Sent) -> Delivery:
        request = WebhookRequest("POST", URL, sent.headers, sent.body)
        verified = verify_blocking(self.scheme, request, [self.secrets[1]], sent.at)
        return Delivery(
            self.route, self.name, request, sent.at, verified.signed_at, "KEY",
            self.scheme.coverage, tuple(items(verified, lambda _: self.on_repeat)),
        )  # fmt: skip

    def _note(self, sent: Sent, outcome: EventOutcome) -> None:
        kind = "replay" if sent.replay else "genuine"
        self.log.append(f"{sent.at:.0f} event {sent.event.number} {kind} {outcome}")
        if outcome in HANDLED:
            sent.event.handled += 1
            bell = self.ground is Ground.BELL
            assert not sent.replay or bell, self._told("a replay is handled")
        if outcome != "duplicate":
            sent.event.told = True
        elif self.ground is Ground.BELL:
            sent.event.told = True  # merged into one that waits, which is claimed afterwards

    def _work(self, store: InboxStore, now: float) -> None:
        for event in store.claim(self.route, now, 60.0, 100):
            store.settle(event.seq, event.attempts, "done")

    def _check(self, event: GenuineEvent, events: list[GenuineEvent]) -> None:
        same_moment = any(
            event.signed_at & other.signed_at for other in events if other is not event
        )
        excused = self.ground is Ground.TIME and same_moment
        assert event.told or excused, self._told(f"event {event.number} is lost")
        limit = {
            Ground.BELL: float("inf"),
            Ground.TIME: len(event.signed_at),
            Ground.NOTHING: float("inf") if self.on_repeat == "handle" else 1,
        }.get(self.ground, 1)
        assert event.handled <= limit, self._told(f"event {event.number} is handled twice")

    def _told(self, fault: str) -> str:
        return f"{fault}: {self.route}\n" + "\n".join(self.log)


def play(store: InboxStore, name: str, seeds: range) -> Counter[str]:
    """Run two schedules of a family for each seed, with and without an attacker; returns how many
    deliveries had which outcome."""
    outcomes: Counter[str] = Counter()
    for seed in seeds:
        for on_repeat in ("quarantine", "handle"):
            schedule = Schedule(name, seed, on_repeat=on_repeat)
            schedule.run(store)
            outcomes += Counter(line.rpartition(" ")[2] for line in schedule.log)
    return outcomes


def _copy(value: Any) -> Any:
    return {key: _copy(child) for key, child in value.items()} if isinstance(value, dict) else value


def _set(payload: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        payload = payload.setdefault(key, {})
    payload[last] = value
