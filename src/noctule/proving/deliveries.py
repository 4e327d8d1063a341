"""Each planned event through each way of delivery: the rows about webhooks."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.proving.driver_process import Hung
from noctule.proving.matrix import Check, Did, Row
from noctule.proving.report import Delivered
from noctule.sandbox import Delivery, Way, sample_event, signed_delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.proving.credentials import Credentials
    from noctule.proving.driver_process import Link
    from noctule.webhooks import Scheme

LIMIT = 15.0
"""Real seconds for the deliveries of one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One row per event: how it is delivered, how often, and what must come of it."""

    id: str
    way: Way = "good"
    times: int = 1
    accepted: bool = True


FIRST_SET: tuple[Visit, ...] = (
    Visit(id="event"),
    Visit(id="wrong_signature", way="wrong_signature", accepted=False),
    Visit(id="tampered", way="tampered", accepted=False),
    Visit(id="unsigned", way="unsigned", accepted=False),
    Visit(id="stale", way="stale", accepted=False),
    Visit(id="duplicate", times=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The user's webhook route, and what is needed to deliver to it."""

    module: str
    """File of the handler, relative to the project."""
    url: str
    """The address that the provider was given; its path is the endpoint."""
    scheme: Scheme


class DeliveryTrials:
    """Delivers sample events to one route through one driver."""

    def __init__(
        self,
        link: Link,
        route: Route,
        document: ApiDocument,
        pack: Pack | None,
        credentials: Credentials,
    ) -> None:
        self._link = link
        self._route = route
        self._document = document
        self._pack = pack
        self._credentials = credentials
        self._sent = 0

    def visits(self) -> Iterator[Visit]:
        """Those that the scheme knows: nothing is stale where no time is signed."""
        for visit in FIRST_SET:
            if visit.way != "stale" or self._route.scheme.timestamp is not None:
                yield visit

    async def row(self, event: str, visit: Visit) -> Row:
        self._sent += 1
        delivery = self._delivery(event, visit.way, f"evt_proof_{self._sent}")
        before = len(self._link.output())
        try:
            delivered = await self._deliver([delivery] * visit.times)
        except Hung:
            delivered = Delivered(statuses=(), handled=(), watched=True)
        leaked = self._credentials.seen_in(self._link.output()[before:])
        checks = _checks(visit, delivered, leaked)
        statuses = ", ".join(map(str, delivered.statuses)) or "-"
        return Row(visit.id, event, Did(kind="answered", outcome=statuses), tuple(checks))

    def _delivery(self, event: str, way: Way, event_id: str) -> Delivery:
        scheme = self._route.scheme
        return signed_delivery(
            scheme,
            sample_event(self._document, self._pack, scheme, event, event_id=event_id),
            key=self._credentials.signing,
            url=self._route.url,
            way=way,
            event_id=event_id,
            event=event,
        )

    async def _deliver(self, deliveries: list[Delivery]) -> Delivered:
        command: dict[str, Any] = {
            "do": "deliver",
            "module": self._route.module,
            "published": self._credentials.published.decode(),
            "deliveries": [
                {
                    "url": each.url,
                    "headers": dict(each.headers),
                    "body": b64encode(each.body).decode(),
                }
                for each in deliveries
            ],
        }
        return msgspec.convert(await self._link.ask(command, limit=LIMIT), Delivered)


def _checks(visit: Visit, delivered: Delivered, leaked: tuple[str, ...]) -> list[Check]:
    seen = {
        "statuses": list(delivered.statuses),
        "handled": [f"{event.type} {event.id}" for event in delivered.handled],
    }
    answered = len(delivered.statuses) == visit.times
    checks: list[Check] = []
    if visit.accepted:
        good = answered and all(200 <= status < 300 for status in delivered.statuses)
        checks.append(Check("accepted", good, seen))
        if delivered.watched:
            checks.append(Check("handled_once", len(delivered.handled) == 1, seen))
    else:
        refused = answered and set(delivered.statuses) == {401}
        checks.append(Check("refused_401", refused, seen))
        if delivered.watched:
            checks.append(Check("not_handled", not delivered.handled, seen))
    checks.append(Check("nothing_secret", not leaked, {"leaked": list(leaked)}))
    return checks
