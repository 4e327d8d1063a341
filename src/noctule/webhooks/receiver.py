"""The way in: an ASGI application that verifies, stores, answers, and processes afterwards."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from noctule.runtime.clock import SYSTEM
from noctule.runtime.errors import MissingSecrets
from noctule.webhooks import asgi
from noctule.webhooks.classify import items
from noctule.webhooks.errors import InboxError, KeyUnavailable, Reason, Refused, Rejection
from noctule.webhooks.handshake import Reply, answer, question, visit
from noctule.webhooks.inbox import Inbox
from noctule.webhooks.keyring import Keyring, Retiring, configured
from noctule.webhooks.metrics import METRICS
from noctule.webhooks.notes import Notes
from noctule.webhooks.reading import Reading
from noctule.webhooks.request import Headers, Request
from noctule.webhooks.scheme import Scheme
from noctule.webhooks.schemes import scheme_of
from noctule.webhooks.store.base import Delivery, Receipt
from noctule.webhooks.verify import Verified, verify_fetching
from noctule.webhooks.worker import Handler, Handlers, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from noctule.runtime.clock import Clock

log = logging.getLogger("noctule.webhooks")

STORE_SECONDS = 0.35
"""Within 400 ms the sender has its answer, and 50 of them belong to the server and the network."""
RETRY_AFTER = 5
GRACE = 10.0
"""Seconds that running handlers have to end when the application stops."""

H = TypeVar("H", bound=Handler)
Outcome = Literal["accepted", "duplicate", "suspect", "handshake", "rejected", "unavailable"]


@dataclass(frozen=True)
class Answer:
    """What the sender is told. `outcome` says what became of the delivery, `reason` why not."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    outcome: Outcome
    reason: Reason | None = None


class Receiver:
    """Takes the deliveries of one provider.

    `provider` is the id of a pack, or a `Scheme` of your own. `secrets` names environment
    variables; any of them may have signed, an outgoing one as `Retiring(name, until)`. `url` is
    the address the provider was given, or the name of the variable that holds it: needed behind a
    proxy by schemes that sign the address. `route` names this receiver in the inbox, the provider
    by default. `work=False` only takes in; another process with the same inbox does the work.

    Raises Refused if the provider's deliveries cannot be verified. Nothing is read from the
    environment or the disk before `lifespan`, which raises MissingSecrets naming all that miss,
    InvalidSecret or InboxError.
    """

    def __init__(
        self,
        provider: str | Scheme,
        *,
        secrets: Sequence[str | Retiring],
        url: str = "",
        inbox: Inbox | None = None,
        route: str = "",
        clock: Clock = SYSTEM,
        max_body: int | None = None,
        work: bool = True,
    ) -> None:
        self.scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
        if self.scheme.grade in ("static", "none"):
            raise Refused(f"{self.scheme.provider}: deliveries are not signed")
        self._keyring = Keyring(secrets)
        self._still_used: set[str] = set()
        self.route = route or self.scheme.provider
        self.max_body = max_body or self.scheme.max_body
        self._url = self._address = url
        self._work = work
        self.inbox = inbox if inbox is not None else Inbox()
        self._clock = clock
        self._handlers = Handlers()
        self._worker: Worker | None = None
        self._notes: Notes | None = None

    def on(self, *types: str) -> Callable[[H], H]:
        """Register a handler for event types; `invoice.*` is a family, `*` all the rest."""

        def register(handler: H) -> H:
            for pattern in types:
                self._handlers.add(pattern, handler)
            return handler

        return register

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncGenerator[None]:
        """While inside: secrets are read, the inbox is open, the worker runs."""
        del app
        if self._worker is not None:  # entered already, by the application or a test around it
            yield
            return
        self._read_environment()
        await self.inbox.open()
        try:
            self._worker = Worker(self.inbox, self.scheme, self.route, self._handlers, self._clock)
            self._notes = Notes(self.inbox, self.scheme, self.route, self._clock)
            running = [asyncio.create_task(self._worker.run())] if self._work else []
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                await self._worker.finish(GRACE)
                await self._notes.finish()
                self._worker = self._notes = None
        finally:
            await self.inbox.close()

    async def drain(self) -> None:
        """Return when no event is due and no handler runs. For tests."""
        await self._working().drain()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        await asgi.serve(self, scope, receive, send)

    async def deliver(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """Take one delivery, whatever framework it came through; `body` is the exact bytes."""
        began = self._clock.monotonic()
        request = Request(method, self._public(url), headers, body)
        try:
            answer = await self._take(request)
        except Rejection as rejection:
            if self._notes is not None:
                keys = self._keyring.at(self._clock.time())
                self._notes.take(request, rejection, list(keys.values()))
            return self.reject(rejection, self._clock.monotonic() - began)
        except TimeoutError:
            answer = self._unavailable("the disk is slow")
        except (InboxError, KeyUnavailable) as error:
            answer = self._unavailable(str(error))
        METRICS.answered(self.route, answer.outcome, "", self._clock.monotonic() - began)
        return answer

    def reject(self, rejection: Rejection, seconds: float = 0.0) -> Answer:
        """The answer to a delivery that is not accepted, `seconds` after it was here."""
        log.warning("webhooks %s: rejected: %s", self.route, rejection)
        METRICS.answered(self.route, "rejected", rejection.reason, seconds)
        return _answer(rejection.status, "rejected", reason=rejection.reason)

    def _unavailable(self, why: str) -> Answer:
        log.error("webhooks %s: not stored: %s", self.route, why)
        answer = _answer(503, "unavailable")
        return replace(answer, headers=(*answer.headers, ("retry-after", str(RETRY_AFTER))))

    async def _take(self, request: Request) -> Answer:
        worker = self._working()
        asgi.check(request, self.max_body)
        reading = Reading(self.scheme, request)
        if greeting := question(reading, signed=False):
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
        told = _answer(200, _outcome(receipt))
        return _in_words(told, self.scheme.reply) if self.scheme.reply else told

    def _delivery(self, verified: Verified, key: str, now: float) -> Delivery:
        if self._keyring.is_retiring(key) and key not in self._still_used:
            self._still_used.add(key)
            log.warning("webhooks %s: %s still signs, and it retires soon", self.route, key)
        request = verified.reading.request
        kept = [pair for pair in request.headers if self.scheme.keeps(pair[0])]
        return Delivery(
            route=self.route,
            provider=self.scheme.provider,
            request=Request(request.method, request.url, kept, request.body),
            received_at=now,
            signed_at=verified.signed_at,
            key=key,
            grade=self.scheme.grade,
            items=tuple(items(verified)),
        )

    def _read_environment(self) -> None:
        named = self._url and "://" not in self._url
        self._address = os.environ.get(self._url, "") if named else self._url
        missing = [self._url] if named and not self._address else []
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

    def _working(self) -> Worker:
        if self._worker is None:
            raise InboxError("the receiver's lifespan does not run: pass it to the application")
        return self._worker


def _outcome(receipt: Receipt) -> Outcome:
    for outcome in ("accepted", "suspect"):
        if outcome in receipt.outcomes:
            return outcome
    return "duplicate" if receipt.outcomes else "accepted"


@cache
def _answer(status: int, outcome: Outcome, reason: Reason | None = None) -> Answer:
    told = {"outcome": outcome} | ({"reason": str(reason)} if reason else {})
    headers = (("content-type", "application/json"),)
    return Answer(status, headers, json.dumps(told).encode(), outcome, reason)


def _in_words(answer: Answer, text: str) -> Answer:
    """The same in the provider's own words."""
    headers = (("content-type", "text/plain; charset=utf-8"),)
    return replace(answer, headers=headers, body=text.encode())


def _greet(reply: Reply) -> Answer:
    return Answer(reply.status, reply.headers, reply.body, "handshake")
