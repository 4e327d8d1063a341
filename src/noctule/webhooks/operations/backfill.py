"""What did we miss? Ask the provider what it sent, and compare with the inbox.

Providers give up: GitHub does not try again at all, Stripe stops after three days. A sweep lists
what the provider says it sent, within bounds, and takes in what is not there: an event that the
provider's API gives whole is stored as `fetched` (the API vouches for it, no signature does), and
where the API only lists deliveries, the provider is asked to send the missing ones again.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from noctule.json_types import get_path, is_dict, is_list, scalar_text
from noctule.webhooks.errors import Refused, WebhookError
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import Item, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noctule.providers import Pack
    from noctule.providers.pack import SweepFact
    from noctule.webhooks.store.base import Store

MAX_PAGES = 50
MAX_ANSWER = 16 << 20
MAX_AGAIN = 100
"""Deliveries that a provider is asked to send again in one sweep."""


class Reply(Protocol):
    """What a client answers, as httpx2 has it."""

    status_code: int
    content: bytes
    links: dict[str, dict[str, str]]


class Client(Protocol):
    """Sends authenticated requests to one provider; httpx2's client is one."""

    def request(self, method: str, url: str) -> Reply: ...


class SweepFailed(WebhookError):
    """The provider did not answer as it should have. The message holds no credential."""


@dataclass(frozen=True)
class Missed:
    """Something that the provider sent, and the inbox does not have."""

    id: str
    type: str
    at: float
    item: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Swept:
    """What a sweep found. `complete` is False if it stopped at a bound before it saw all."""

    seen: int
    missed: tuple[Missed, ...]
    complete: bool
    since: float


def sweep_fact(pack: Pack) -> SweepFact:
    """How the provider is asked; raises Refused if its pack does not say."""
    fact = pack.webhook.sweep if pack.webhook else None
    if fact is None:
        raise Refused(f"{pack.name}: its pack does not say how to ask what it sent")
    return fact


def find_missed(
    store: Store,
    route: str,
    fact: SweepFact,
    client: Client,
    base_url: str,
    *,
    since: float,
    values: Mapping[str, str],
) -> Swept:
    """Compare what the provider lists since a time (seconds since 1970) with a route's events.

    `values` fill the `{names}` in its path. Raises SweepFailed, and KeyError naming one that is
    not given.
    """
    missed: dict[str, Missed] = {}
    seen = 0
    for number, items in enumerate(_pages(fact, client, base_url, since, values)):
        found = [one for one in (_read(fact, item) for item in items) if one]
        young = [one for one in found if one.at >= since and one.type not in fact.skip]
        seen += len(young)
        known = store.known_ids(route, [one.id for one in young])
        missed |= {one.id: one for one in young if one.id not in known}
        if len(young) < len(found) and any(one.at < since for one in found):
            return Swept(seen, tuple(missed.values()), True, since)
        if number + 1 == MAX_PAGES:
            return Swept(seen, tuple(missed.values()), False, since)
    return Swept(seen, tuple(missed.values()), True, since)


def take_in(store: Store, route: str, provider: str, missed: Sequence[Missed]) -> int:
    """Store events that the provider's API gave whole; returns how many were new."""
    now = time.time()
    deliveries = [
        Delivery(
            route=route,
            provider=provider,
            request=WebhookRequest(
                "POST",
                "",
                [("content-type", "application/json")],
                json.dumps(one.item, ensure_ascii=False, separators=(",", ":")).encode(),
            ),
            received_at=now,
            signed_at=None,
            key="",
            coverage="fetched",
            items=(Item(one.id, one.type, f"id:{one.id}", version=one.at),),
        )
        for one in sorted(missed, key=lambda one: one.at)
    ]
    receipts = store.accept(deliveries) if deliveries else []
    return sum("accepted" in receipt.outcomes for receipt in receipts)


def ask_again(
    fact: SweepFact,
    client: Client,
    base_url: str,
    missed: Sequence[Missed],
    values: Mapping[str, str],
) -> int:
    """Have the provider send deliveries again, by the front door; returns how many it will."""
    asked = 0
    for one in missed[:MAX_AGAIN]:
        number = scalar_text(one.item.get("id"))
        path = fact.redeliver.format_map({**values, "id": number})
        reply = client.request("POST", base_url + path)
        if reply.status_code not in (200, 201, 202):
            raise SweepFailed(f"the provider answered {reply.status_code} to POST {fact.redeliver}")
        asked += 1
    return asked


def _pages(
    fact: SweepFact, client: Client, base_url: str, since: float, values: Mapping[str, str]
) -> Iterator[Sequence[Any]]:
    query = {name: text.format(since=int(since)) for name, text in fact.query.items()}
    path = fact.path.format_map(values)
    url = f"{base_url}{path}?{urlencode(query)}"
    while url:
        reply = client.request("GET", url)
        if reply.status_code != 200:
            raise SweepFailed(f"the provider answered {reply.status_code} to GET {fact.path}")
        data = _parsed(reply, fact)
        items = get_path(data, fact.items)
        if not is_list(items):
            raise SweepFailed(f"the answer to GET {fact.path} has no list at {fact.items!r}")
        yield items
        url = _next(fact, reply, data, items, f"{base_url}{path}", query)


def _next(
    fact: SweepFact, reply: Reply, data: Any, items: Sequence[Any], url: str, query: dict[str, str]
) -> str:
    if fact.page == "link_header":
        following = reply.links.get("next", {}).get("url", "")
        # The credential goes along: never to another host than it is for.
        same = urlsplit(following)[:2] == urlsplit(url)[:2]
        return following if same else ""
    last = scalar_text(get_path(items[-1], fact.id)) if items else None
    if last is None or not get_path(data, fact.more):
        return ""
    return f"{url}?{urlencode({**query, fact.cursor: last})}"


def _parsed(reply: Reply, fact: SweepFact) -> Any:
    if len(reply.content) > MAX_ANSWER:
        raise SweepFailed(f"the answer to GET {fact.path} is larger than {MAX_ANSWER >> 20} MiB")
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        raise SweepFailed(f"the answer to GET {fact.path} is no JSON") from None


def _read(fact: SweepFact, item: Any) -> Missed | None:
    name, at = scalar_text(get_path(item, fact.id)), scalar_text(get_path(item, fact.at))
    when = moment(at) if at else None
    if not is_dict(item) or not name or when is None:
        return None
    return Missed(name, scalar_text(get_path(item, fact.type)) or "", when, item)
