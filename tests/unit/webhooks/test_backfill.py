"""A backfill finds missing events, reports where it stopped, and protects the credential."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from noctule.providers import pack
from noctule.webhooks import Refused
from noctule.webhooks.operations.backfill import (
    MAX_PAGES,
    BackfillFailed,
    backfill_rules,
    find_missed,
    request_redelivery,
    store_missed,
)
from noctule.webhooks.store.base import EventQuery

BASE = "https://api.example"
VALUES = {"owner": "o", "repo": "r", "hook": "7"}


@dataclass
class HandshakeReply:
    status_code: int
    content: bytes
    links: dict = field(default_factory=dict)


class Fake:
    """Answers by a function of method and address; keeps what was asked."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked = []

    def request(self, method, url):
        self.asked.append((method, url))
        return self.answer(method, url)


def _reply(data, status=200, **links) -> HandshakeReply:
    named = {name: {"url": url} for name, url in links.items()}
    return HandshakeReply(status, json.dumps(data).encode(), named)


def _event(name, ago=10.0):
    return {"id": name, "type": "invoice.paid", "created": int(time.time() - ago)}


def test_all_pages_are_read(store):
    pages = {None: ["c", "b"], "b": ["a"]}

    def answer(method, url):
        last = parse_qs(urlsplit(url).query).get("starting_after", [None])[0]
        return _reply({"data": [_event(n) for n in pages[last]], "has_more": last is None})

    client = Fake(answer)
    since = time.time() - 3600
    fact = backfill_rules(pack("stripe"))
    result = find_missed(store, "stripe", fact, client, BASE, since=since, values={})
    assert [missed.id for missed in result.missed] == ["c", "b", "a"]
    assert (result.seen, result.complete) == (3, True)
    assert f"created%5Bgte%5D={int(since)}" in client.asked[0][1]
    assert store_missed(store, "stripe", "stripe", result.missed) == 3
    assert store_missed(store, "stripe", "stripe", result.missed) == 0
    assert [event.id for event in store.find(EventQuery(oldest_first=True))] != []
    again = find_missed(store, "stripe", fact, Fake(answer), BASE, since=since, values={})
    assert again.missed == ()


def test_an_endless_list_is_abandoned_and_reported(store):
    numbers = iter(range(10**6))

    def answer(method, url):
        return _reply({"data": [_event(f"evt_{next(numbers)}")], "has_more": True})

    client = Fake(answer)
    fact = backfill_rules(pack("stripe"))
    result = find_missed(store, "stripe", fact, client, BASE, since=0, values={})
    assert (result.seen, result.complete, len(client.asked)) == (MAX_PAGES, False, MAX_PAGES)


def _delivery(guid, number, ago=10.0, event="push"):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
    return {"id": number, "guid": guid, "delivered_at": at, "event": event, "status_code": 502}


def test_missing_deliveries_are_sent_again_by_the_provider(store):
    first = [_delivery("g1", 1), _delivery("g2", 2), _delivery("ping", 3, event="ping")]

    def answer(method, url):
        if method == "POST":
            return _reply({}, 202)
        if "cursor" in url:
            return _reply([_delivery("g0", 4, ago=9000)])
        return _reply(first, next=f"{BASE}/repos/o/r/hooks/7/deliveries?cursor=x")

    fact, client = backfill_rules(pack("github")), Fake(answer)
    since = time.time() - 3600
    result = find_missed(store, "github", fact, client, BASE, since=since, values=VALUES)
    assert [missed.id for missed in result.missed] == ["g1", "g2"]
    assert request_redelivery(fact, client, BASE, result.missed, VALUES) == 2
    posted = [url for method, url in client.asked if method == "POST"]
    assert posted[0] == f"{BASE}/repos/o/r/hooks/7/deliveries/1/attempts"


def test_the_next_page_is_never_on_another_host(store):
    def answer(method, url):
        return _reply([_delivery("g1", 1)], next="https://evil.example/steal")

    client = Fake(answer)
    fact = backfill_rules(pack("github"))
    find_missed(store, "github", fact, client, BASE, since=0, values=VALUES)
    assert len(client.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        HandshakeReply(500, b""),
        HandshakeReply(401, b"{}"),
        HandshakeReply(200, b"<html>"),
        _reply({"data": {}}),
        _reply([]),
    ],
)
def test_an_answer_without_a_list_is_an_error(store, reply):
    fact = backfill_rules(pack("stripe"))
    with pytest.raises(BackfillFailed, match="GET /v1/events"):
        find_missed(store, "stripe", fact, Fake(lambda *_: reply), BASE, since=0, values={})


def test_a_missing_path_value_is_named(store):
    fact = backfill_rules(pack("github"))
    with pytest.raises(KeyError, match="owner"):
        find_missed(store, "github", fact, Fake(lambda *_: _reply([])), BASE, since=0, values={})


def test_backfill_without_rules_in_the_pack_is_refused():
    with pytest.raises(Refused, match="does not say how to list"):
        backfill_rules(pack("twilio"))
