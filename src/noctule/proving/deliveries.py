"""Each planned event in each delivery case: the rows about webhooks."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.proving.driver_process import Hung
from noctule.proving.matrix import MatrixRow, Observed, PromiseCheck
from noctule.proving.report import DeliveryReport
from noctule.sandbox import DeliveryVariant, SignedDelivery, sample_event, signed_delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.proving.credentials import Credentials
    from noctule.proving.driver_process import DriverProcess
    from noctule.webhooks import Scheme

LIMIT = 15.0
"""Real seconds for the deliveries of one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCase:
    """One row per event: how it is delivered, how often, and whether it must be accepted."""

    id: str
    variant: DeliveryVariant = "good"
    times: int = 1
    accepted: bool = True


FIRST_SET: tuple[DeliveryCase, ...] = (
    DeliveryCase(id="event"),
    DeliveryCase(id="wrong_signature", variant="wrong_signature", accepted=False),
    DeliveryCase(id="tampered", variant="tampered", accepted=False),
    DeliveryCase(id="unsigned", variant="unsigned", accepted=False),
    DeliveryCase(id="stale", variant="stale", accepted=False),
    DeliveryCase(id="duplicate", times=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverRoute:
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
        driver: DriverProcess,
        route: ReceiverRoute,
        document: ApiDocument,
        pack: Pack | None,
        credentials: Credentials,
    ) -> None:
        self._driver = driver
        self._route = route
        self._document = document
        self._pack = pack
        self._credentials = credentials
        self._sent = 0

    def cases(self) -> Iterator[DeliveryCase]:
        """Those that apply to the scheme: nothing is stale where no time is signed, and a bell
        (docs/identity.md) is handled each time."""
        scheme = self._route.scheme
        for case in FIRST_SET:
            if case.variant == "stale" and scheme.timestamp is None:
                continue
            if case.id != "duplicate" or not scheme.handles_copies:
                yield case

    async def row(self, event: str, case: DeliveryCase) -> MatrixRow:
        self._sent += 1
        delivery = self._delivery(event, case.variant, f"evt_proof_{self._sent}")
        before = len(self._driver.output())
        try:
            report = await self._deliver([delivery] * case.times)
        except Hung:
            report = DeliveryReport(statuses=(), handled=(), watched=True)
        leaked = self._credentials.seen_in(self._driver.output()[before:])
        checks = _checks(case, report, leaked)
        statuses = ", ".join(map(str, report.statuses)) or "-"
        return MatrixRow(case.id, event, Observed(kind="answered", outcome=statuses), tuple(checks))

    def _delivery(self, event: str, variant: DeliveryVariant, event_id: str) -> SignedDelivery:
        scheme = self._route.scheme
        return signed_delivery(
            scheme,
            sample_event(self._document, self._pack, scheme, event, event_id=event_id),
            key=self._credentials.signing,
            url=self._route.url,
            variant=variant,
            event_id=event_id,
            event=event,
        )

    async def _deliver(self, deliveries: list[SignedDelivery]) -> DeliveryReport:
        command: dict[str, Any] = {
            "do": "deliver",
            "module": self._route.module,
            "published": self._credentials.published.decode(),
            "deliveries": [
                {
                    "url": delivery.url,
                    "headers": dict(delivery.headers),
                    "body": b64encode(delivery.body).decode(),
                }
                for delivery in deliveries
            ],
        }
        return msgspec.convert(await self._driver.ask(command, limit=LIMIT), DeliveryReport)


def _checks(
    case: DeliveryCase, report: DeliveryReport, leaked: tuple[str, ...]
) -> list[PromiseCheck]:
    figures = {
        "statuses": list(report.statuses),
        "handled": [f"{event.type} {event.id}" for event in report.handled],
    }
    answered = len(report.statuses) == case.times
    checks: list[PromiseCheck] = []
    if case.accepted:
        accepted = answered and all(200 <= status < 300 for status in report.statuses)
        checks.append(PromiseCheck("accepted", accepted, figures))
        if report.watched:
            checks.append(PromiseCheck("handled_once", len(report.handled) == 1, figures))
    else:
        refused = answered and set(report.statuses) == {401}
        checks.append(PromiseCheck("refused_401", refused, figures))
        if report.watched:
            checks.append(PromiseCheck("not_handled", not report.handled, figures))
    checks.append(PromiseCheck("nothing_secret", not leaked, {"leaked": list(leaked)}))
    return checks
