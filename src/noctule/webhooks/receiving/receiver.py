"""The way in: an ASGI application that verifies, stores, answers, and processes afterwards."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from noctule.runtime.clock import SYSTEM
from noctule.runtime.errors import MissingSecrets
from noctule.webhooks.errors import Reason, Refused, Rejection
from noctule.webhooks.processing.inbox import Inbox
from noctule.webhooks.processing.worker import Worker
from noctule.webhooks.receiving import asgi
from noctule.webhooks.receiving.intake import (
    STORE_SECONDS,
    Intake,
    WebhookResponse,
    answered,
    outcome_of,
)
from noctule.webhooks.receiving.rejection_log import Notes
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.handshakes import Handshake, Reply, answer, question, visit
from noctule.webhooks.verification.keyring import Keyring, RetiringSecret, configured
from noctule.webhooks.verification.verify import Verified, verify_fetching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.clock import Clock

log = logging.getLogger("noctule.webhooks")


class Receiver(Intake):
    """Takes the deliveries of one provider.

    `provider` is the id of a pack, or a `Scheme` of your own. `secrets` names environment
    variables; any of them may have signed, an outgoing one as `RetiringSecret(name, until)`. `url`
    is the address the provider was given, or the name of the variable that holds it: needed behind
    a proxy by schemes that sign the address. `route` names this receiver in the inbox, the provider
    by default. `work=False` only takes in; another process with the same inbox does the work.

    Raises Refused if the provider's deliveries cannot be verified. Nothing is read from the
    environment or the disk before `lifespan`, which raises MissingSecrets naming all that miss,
    InvalidSecret or InboxError.
    """

    def __init__(
        self,
        provider: str | Scheme,
        *,
        secrets: Sequence[str | RetiringSecret],
        url: str = "",
        inbox: Inbox | None = None,
        route: str = "",
        clock: Clock = SYSTEM,
        max_body: int | None = None,
        work: bool = True,
    ) -> None:
        self.scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
        if self.scheme.coverage in ("static", "none"):
            raise Refused(f"{self.scheme.provider}: deliveries are not signed")
        super().__init__(inbox if inbox is not None else Inbox(), clock, work=work)
        self._keyring = Keyring(secrets)
        self._still_used: set[str] = set()
        self.route = route or self.scheme.provider
        self.max_body = max_body or self.scheme.max_body
        self.url = self._address = url
        self._notes: Notes | None = None

    def _new_worker(self) -> Worker:
        self._notes = Notes(self.inbox, self.scheme, self.route, self._clock)
        return Worker(self.inbox, self.scheme, self.route, self._handlers, self._clock)

    async def _finish(self) -> None:
        if self._notes is not None:
            await self._notes.finish()
            self._notes = None

    def _rejected(self, request: WebhookRequest, rejection: Rejection) -> None:
        if self._notes is not None:
            keys = self._keyring.at(self._clock.time())
            self._notes.take(request, rejection, list(keys.values()))

    async def _take(self, request: WebhookRequest) -> WebhookResponse:
        worker = self._open_worker()
        asgi.check(request, self.max_body)
        reading = Reading(self.scheme, request)
        if greeting := question(reading, signed=False):
            self._enrol(greeting, reading)
            return _greet(answer(greeting, reading, self._signing()))
        if request.method != "POST":
            raise Rejection(Reason.METHOD)
        now = self._clock.time()
        keys = self._keyring.at(now)
        verified = await verify_fetching(self.scheme, request, list(keys.values()), now)
        if greeting := question(verified.reading, signed=True):
            await visit(greeting, verified.reading)
            return _greet(answer(greeting, verified.reading, list(keys.values())[verified.key]))
        delivery = self._delivery(verified, list(keys)[verified.key], now)
        receipt = await self.inbox.put(delivery, STORE_SECONDS)
        worker.wake()
        told = answered(200, outcome_of(receipt))
        return _in_words(told, self.scheme.reply) if self.scheme.reply else told

    def _enrol(self, greeting: Handshake, reading: Reading) -> None:
        """Take the secret that a greeting brings, while an operator waits for one."""
        if greeting.enrol is not None:
            from noctule.webhooks.receiving.capture_window import Enrolment

            brought = reading.text(greeting.enrol) or ""
            Enrolment(self.route).take(brought, self._clock.time())

    def _delivery(self, verified: Verified, key: str, now: float) -> Delivery:
        if self._keyring.is_retiring(key) and key not in self._still_used:
            self._still_used.add(key)
            log.warning("webhooks %s: %s still signs, and it retires soon", self.route, key)
        request = verified.reading.request
        kept = [pair for pair in request.headers if self.scheme.keeps(pair[0])]
        return Delivery(
            route=self.route,
            provider=self.scheme.provider,
            request=WebhookRequest(request.method, request.url, kept, request.body),
            received_at=now,
            signed_at=verified.signed_at,
            key=key,
            coverage=self.scheme.coverage,
            items=tuple(items(verified)),
        )

    def _read_environment(self) -> None:
        named = self.url and "://" not in self.url
        self._address = os.environ.get(self.url, "") if named else self.url
        missing = [self.url] if named and not self._address else []
        try:
            self._keyring.read(self.scheme, self._clock.time())
        except MissingSecrets as error:
            missing = [*error.names, *missing]
        try:
            self.scheme = configured(self.scheme)
        except MissingSecrets as error:
            missing = [*missing, *(name for name in error.names if name not in missing)]
        if missing:
            raise MissingSecrets(missing)

    def _public(self, url: str) -> str:
        """The address the provider called, which a proxy in between may have changed."""
        query = url.partition("?")[2] if "?" not in self._address else ""
        return (self._address + (f"?{query}" if query else "")) if self._address else url

    def _signing(self) -> str:
        """What a handshake is answered with: the first secret that is not on its way out."""
        keys = self._keyring.at(self._clock.time())
        staying = [key for name, key in keys.items() if not self._keyring.is_retiring(name)]
        return (staying or [*keys.values(), ""])[0]


def _in_words(answer: WebhookResponse, text: str) -> WebhookResponse:
    """The same in the provider's own words."""
    headers = (("content-type", "text/plain; charset=utf-8"),)
    return replace(answer, headers=headers, body=text.encode())


def _greet(reply: Reply) -> WebhookResponse:
    return WebhookResponse(reply.status, reply.headers, reply.body, "handshake")
