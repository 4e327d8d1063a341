"""`trust = "refetch"`: for providers that sign nothing, a delivery is a hint and no more.

    hints = RefetchReceiver(
        "mollie", id="body:id", shape=r"tr_[A-Za-z0-9]{6,32}", read=service.get_payment
    )

    @hints.on("*")
    async def payment(event: Event) -> None:
        ...  # event.object is what the provider's own API says, now

Anyone can send one. So nothing of it is kept but an id of a strict shape; the worker reads the
object again through the authenticated wrapper, and what is not there is dropped. Hints of one
object that wait are one hint. Whether the id exists is never told to the sender.
"""

# ruff: noqa: A002 - id is the word of every provider's documents

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

import msgspec

from noctule.runtime.clock import SYSTEM
from noctule.runtime.secrets import env
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
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.locator import Source
from noctule.webhooks.schemes.registry import hint_scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.store.base import HINTED, Delivery
from noctule.webhooks.verification.classify import Item
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.handshakes import answer, question

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.runtime.secrets import Secret
    from noctule.webhooks.processing.worker import Read

TYPE = "hint"
LONGEST = 128
MAX_BODY = 64 * 1024
PER_SECOND = 10.0
BURST = 50.0
MIN_TOKEN = 22
"""Characters of a token: 128 bits in base64."""
LOOSE = ("", "evt-1", "../../etc/passwd", "1 OR 1=1", "a" * LONGEST, "http://example.com/")
"""Texts that no strict shape admits all of, and most admit none of."""


class RefetchReceiver(Intake):
    """Takes hints of one provider, and acts on what the provider's API then says.

    `id` is where the object's id stands (`body:id`, `query:id`), `shape` the whole of what it may
    look like (a regular expression), `read` the operation that reads the object by its id: a
    coroutine or a function, of a wrapper that authenticates. `token` names an environment variable
    whose value, 22 characters or more, has to be the last part of the path that is called. At most
    `per_second` hints are taken, with bursts up to 50; the rest is answered 429.

    Raises Refused for a provider that signs whole bodies (verify it), for one whose pack knows no
    operation that reads, without `read`, and for a shape that admits anything.
    """

    def __init__(
        self,
        provider: str,
        *,
        id: str,
        shape: str,
        read: Read | None,
        token: str = "",
        per_second: float = PER_SECOND,
        inbox: Inbox | None = None,
        route: str = "",
        clock: Clock = SYSTEM,
        work: bool = True,
    ) -> None:
        super().__init__(inbox if inbox is not None else Inbox(), clock, work=work)
        self._shape = _strict(shape, provider)
        self._read = _readable(read, provider)
        self._source = Source.parse(id)
        self._token_name = token and env(token).name
        self._token: Secret | None = None
        self._rate = per_second
        self._budget = BURST
        self._seen_at = clock.monotonic()
        content = {"application/json": "json", "application/x-www-form-urlencoded": "form"}
        self.scheme = hint_scheme_of(provider, content)
        self.provider = provider
        self.route = route or provider
        self.max_body = MAX_BODY
        self.url = ""

    def _read_environment(self) -> None:
        if self._token_name:
            self._token = env(self._token_name).read()
            if len(self._token.reveal()) < MIN_TOKEN:
                raise Refused(f"{self._token_name} is shorter than {MIN_TOKEN} characters")

    def _new_worker(self) -> Worker:
        return Worker(
            self.inbox, self.scheme, self.route, self._handlers, self._clock, read=self._read
        )

    def _public(self, url: str) -> str:
        return url

    async def _take(self, request: WebhookRequest) -> WebhookResponse:
        worker = self._open_worker()
        asgi.check(request, self.max_body)
        reading = Reading(self.scheme, request)
        if greeting := question(reading, signed=False):
            self._check_token(request)
            reply = answer(greeting, reading)
            return WebhookResponse(reply.status, reply.headers, reply.body, "handshake")
        if request.method != "POST":
            raise Rejection(Reason.METHOD)
        self._check_token(request)
        name = reading.text(self._source) or ""
        if len(name) > LONGEST or not self._shape.fullmatch(name):
            raise Rejection(Reason.UNPARSEABLE, str(self._source))
        self._spend()
        receipt = await self.inbox.put(self._hint(name), STORE_SECONDS)
        worker.wake()
        return answered(200, outcome_of(receipt))

    def _hint(self, name: str) -> Delivery:
        """All that is kept: the id."""
        body = msgspec.json.encode({"id": name})
        kept = WebhookRequest("POST", "", [("content-type", "application/json")], body)
        return Delivery(
            route=self.route,
            provider=self.provider,
            request=kept,
            received_at=self._clock.time(),
            signed_at=None,
            key="",
            coverage="hint",
            items=(Item(name, TYPE, HINTED + name, None, name),),
        )

    def _check_token(self, request: WebhookRequest) -> None:
        if self._token is None:
            return
        given = request.url.partition("?")[0].rpartition("/")[2]
        if not hmac.compare_digest(given.encode(), self._token.reveal().encode()):
            raise Rejection(Reason.MISMATCH, "path")

    def _spend(self) -> None:
        now = self._clock.monotonic()
        self._budget = min(BURST, self._budget + (now - self._seen_at) * self._rate)
        self._seen_at = now
        if self._budget < 1:
            raise Rejection(Reason.TOO_MANY)
        self._budget -= 1


def _strict(shape: str, provider: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(shape, re.ASCII)
    except re.error as error:
        raise Refused(f"{provider}: shape is no regular expression: {error}") from None
    loose = [text for text in LOOSE if pattern.fullmatch(text)]
    if len(loose) > 1 or not shape:
        raise Refused(f"{provider}: shape {shape!r} admits more than an id; spell out its letters")
    return pattern


def _readable(read: Read | None, provider: str) -> Read:
    from noctule.providers import find

    pack = find(provider)
    if read is None:
        raise Refused(f"{provider}: without an operation that reads the object, a hint is a rumour")
    if pack is None:
        return read
    if pack.signature and Scheme.parse(pack.signature, provider).coverage in ("full", "body"):
        raise Refused(f"{pack.name} signs its deliveries: verify them, with Receiver({provider!r})")
    if pack.operations and not any(key.startswith("GET ") for key in pack.operations):
        raise Refused(f"{pack.name}: its pack knows no operation that reads an object")
    return read
