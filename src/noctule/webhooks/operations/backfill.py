"""Ask the provider what it sent, and store the events that the inbox does not have.

Providers give up: GitHub does not retry at all, Stripe stops after three days. A backfill lists
what the provider sent, within limits. If the provider's API returns whole events, the missing ones
are stored as `fetched` (the API vouches for them, no signature does). If it only lists deliveries,
the provider is asked to send the missing ones again.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from noctule.json_types import get_path, is_list, is_object, scalar_text
from noctule.webhooks.errors import Refused, WebhookError
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import EventItem, version_number
from noctule.webhooks.verification.identity import EventIdentity, id_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noctule.providers import Pack
    from noctule.providers.pack import BackfillFact
    from noctule.webhooks.store.base import InboxStore

MAX_PAGES = 50
MAX_RESPONSE = 16 << 20
MAX_REDELIVERIES = 100
"""Deliveries that a provider is asked to send again in one backfill."""


class ListResponse(Protocol):
    """A client's response, as httpx2 has it."""

    status_code: int
    content: bytes
    links: dict[str, dict[str, str]]


class AuthenticatedClient(Protocol):
    """Sends authenticated requests to one provider; httpx2's client is one."""

    def request(self, method: str, url: str) -> ListResponse: ...


class BackfillFailed(WebhookError):
    """The provider's response was not usable. The message contains no credential."""


@dataclass(frozen=True)
class MissedEvent:
    """Something that the provider sent, and the inbox does not have."""

    id: str
    type: str
    at: float
    item: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class BackfillReport:
    """What a backfill found. `complete` is False if it stopped at a limit before the end."""

    seen: int
    missed: tuple[MissedEvent, ...]
    complete: bool
    since: float


def backfill_rules(pack: Pack) -> BackfillFact:
    """How to ask the provider; raises Refused if its pack does not say."""
    rules = pack.webhook.backfill if pack.webhook else None
    if rules is None:
        raise Refused(f"{pack.name}: its pack does not say how to list what was sent")
    return rules


def find_missed(
    store: InboxStore,
    route: str,
    rules: BackfillFact,
    client: AuthenticatedClient,
    base_url: str,
    *,
    since: float,
    values: Mapping[str, str],
) -> BackfillReport:
    """Compare what the provider sent since a time (seconds since 1970) with a route's events.

    `values` fill the `{names}` in the path. Raises BackfillFailed, and KeyError naming a missing
    value.
    """
    missed: dict[str, MissedEvent] = {}
    seen = 0
    for number, items in enumerate(_pages(rules, client, base_url, since, values)):
        listed = [event for event in (_event(rules, item) for item in items) if event]
        recent = [event for event in listed if event.at >= since and event.type not in rules.skip]
        seen += len(recent)
        known = store.known_ids(route, [event.id for event in recent])
        missed |= {event.id: event for event in recent if event.id not in known}
        if len(recent) < len(listed) and any(event.at < since for event in listed):
            return BackfillReport(seen, tuple(missed.values()), True, since)
        if number + 1 == MAX_PAGES:
            return BackfillReport(seen, tuple(missed.values()), False, since)
    return BackfillReport(seen, tuple(missed.values()), True, since)


def store_missed(
    store: InboxStore, route: str, provider: str, missed: Sequence[MissedEvent]
) -> int:
    """Store whole events from the provider's API; returns how many were new."""
    now = time.time()
    deliveries = [
        Delivery(
            route=route,
            provider=provider,
            request=WebhookRequest(
                "POST",
                "",
                [("content-type", "application/json")],
                json.dumps(event.item, ensure_ascii=False, separators=(",", ":")).encode(),
            ),
            received_at=now,
            signed_at=None,
            key="",
            coverage="fetched",
            items=(
                EventItem(
                    event.id,
                    event.type,
                    EventIdentity(id_key(event.id, event.type)),
                    version=event.at,
                ),
            ),
        )
        for event in sorted(missed, key=lambda event: event.at)
    ]
    receipts = store.accept(deliveries) if deliveries else []
    return sum("accepted" in receipt.outcomes for receipt in receipts)


def request_redelivery(
    rules: BackfillFact,
    client: AuthenticatedClient,
    base_url: str,
    missed: Sequence[MissedEvent],
    values: Mapping[str, str],
) -> int:
    """Have the provider send deliveries again, signed; returns how many, at most 100.

    Raises BackfillFailed.
    """
    count = 0
    for event in missed[:MAX_REDELIVERIES]:
        number = scalar_text(event.item.get("id"))
        path = rules.redeliver.format_map({**values, "id": number})
        response = client.request("POST", base_url + path)
        if response.status_code not in (200, 201, 202):
            raise BackfillFailed(
                f"the provider answered {response.status_code} to POST {rules.redeliver}"
            )
        count += 1
    return count


def _pages(
    rules: BackfillFact,
    client: AuthenticatedClient,
    base_url: str,
    since: float,
    values: Mapping[str, str],
) -> Iterator[Sequence[Any]]:
    query = {name: text.format(since=int(since)) for name, text in rules.query.items()}
    path = rules.path.format_map(values)
    url = f"{base_url}{path}?{urlencode(query)}"
    while url:
        response = client.request("GET", url)
        if response.status_code != 200:
            raise BackfillFailed(
                f"the provider answered {response.status_code} to GET {rules.path}"
            )
        data = _parsed(response, rules)
        items = get_path(data, rules.items)
        if not is_list(items):
            raise BackfillFailed(f"the answer to GET {rules.path} has no list at {rules.items!r}")
        yield items
        url = _next_url(rules, response, data, items, f"{base_url}{path}", query)


def _next_url(
    rules: BackfillFact,
    response: ListResponse,
    data: Any,
    items: Sequence[Any],
    url: str,
    query: dict[str, str],
) -> str:
    if rules.page == "link_header":
        next_url = response.links.get("next", {}).get("url", "")
        # The credential is sent along, so never to another host.
        same_host = urlsplit(next_url)[:2] == urlsplit(url)[:2]
        return next_url if same_host else ""
    last = scalar_text(get_path(items[-1], rules.id)) if items else None
    if last is None or not get_path(data, rules.more):
        return ""
    return f"{url}?{urlencode({**query, rules.cursor: last})}"


def _parsed(response: ListResponse, rules: BackfillFact) -> Any:
    if len(response.content) > MAX_RESPONSE:
        raise BackfillFailed(
            f"the answer to GET {rules.path} is larger than {MAX_RESPONSE >> 20} MiB"
        )
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise BackfillFailed(f"the answer to GET {rules.path} is not JSON") from None


def _event(rules: BackfillFact, item: Any) -> MissedEvent | None:
    event_id = scalar_text(get_path(item, rules.id))
    time_text = scalar_text(get_path(item, rules.at))
    at = version_number(time_text) if time_text else None
    if not is_object(item) or not event_id or at is None:
        return None
    return MissedEvent(event_id, scalar_text(get_path(item, rules.type)) or "", at, item)
