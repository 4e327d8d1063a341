"""A receiver for providers that sign nothing: each delivery is only a hint to fetch an object.

    hints = RefetchReceiver(
        "mollie-classic", id="body:id", shape=r"tr_[A-Za-z0-9]{6,32}", read=service.get_payment
    )

    @hints.on("*")
    async def payment(event: Event) -> None:
        ...  # event.object is what the provider's own API returned, just now

Anyone can send a hint. So only an id of a strict shape is stored; the worker fetches the object
through the authenticated wrapper and drops the hint if there is no such object. Hints of one object
that wait are merged. The sender never learns whether an id exists.
"""

# ruff: noqa: A002 - id is the word of every provider's documents

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from typing import TYPE_CHECKING

import msgspec

from noctule.json_types import get_all, scalar_text
from noctule.runtime.clock import SYSTEM
from noctule.runtime.secrets import env
from noctule.webhooks.errors import InvalidScheme, Reason, Refused, Rejection
from noctule.webhooks.processing.inbox import Inbox
from noctule.webhooks.processing.worker import Worker
from noctule.webhooks.receiving.base import BaseReceiver
from noctule.webhooks.receiving.limits import check_limits
from noctule.webhooks.receiving.response import WebhookResponse
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.registry import hint_scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import EventItem
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply
from noctule.webhooks.verification.identity import WAITING_PREFIX, EventIdentity

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.runtime.secrets import Secret
    from noctule.webhooks.processing.worker import Read

log = logging.getLogger("noctule.webhooks")

TYPE = "hint"
LONGEST = 128
MAX_BODY = 64 * 1024
MAX_OBJECTS = 100
"""Objects that one delivery may name."""
PER_SECOND = 10.0
BURST = 50.0
MIN_TOKEN = 22
"""Characters in a token: 128 bits in base64."""
_KEY = r"[\w@:/ -]+"
_PATH = re.compile(rf"(?:{_KEY}|\*)(?:\.(?:{_KEY}|\*))*")
UNSAFE_IDS = ("", "evt-1", "../../etc/passwd", "1 OR 1=1", "a" * LONGEST, "http://example.com/")
"""A strict shape matches none of these, or one at most."""


class RefetchReceiver(BaseReceiver):
    """Takes hints of one provider, and acts on what the provider's API then returns.

    `id` says where the object's id is read: `body:id`, `query:id`, `header:X-Id`; `body:items.*.id`
    is the id of each element of a list, at most 100 of them. `shape` is a regular expression that
    the whole id must match, `read` the operation that fetches the object by its id: a function
    or coroutine of an authenticated wrapper. `token` names an environment variable; its value, of
    22 characters or more, must be the last part of the path that is called. At most `per_second`
    hints are taken, with bursts up to 50; the rest is answered 429.

    Raises Refused for a provider that signs whole bodies (use Receiver), for one whose pack has no
    operation that fetches an object, without `read`, and for a shape that matches anything;
    InvalidScheme for an `id` that is no such position.
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
        self._shape = strict_pattern(shape, provider)
        self.read = _checked_read(read, provider)
        """Fetches the object; a test may replace it before the lifespan."""
        self._locator = checked_locator(id, provider)
        self._token_name = token and env(token).name
        self._token: Secret | None = None
        self._rate = per_second
        self._allowance = BURST
        self._counted_at = clock.monotonic()
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
            self.inbox, self.scheme, self.route, self._handlers, self._clock, read=self.read
        )

    def _public_url(self, url: str) -> str:
        return url

    async def _take(self, request: WebhookRequest, until: float) -> WebhookResponse:
        check_limits(request, self.max_body)
        view = DeliveryView(self.scheme, request)
        if handshake := find_handshake(view, signed=False):
            self._check_token(request)
            return WebhookResponse.to_handshake(handshake_reply(handshake, view))
        if request.method != "POST":
            raise Rejection(Reason.METHOD)
        self._check_token(request)
        object_ids = self._object_ids(view)
        self._check_rate(len(object_ids))
        responses = await asyncio.gather(
            *(self._store(self._hint(object_id), until) for object_id in object_ids)
        )
        return min(responses, key=lambda response: response.outcome != "accepted")

    def _object_ids(self, view: DeliveryView) -> list[str]:
        """The distinct ids that have the shape, in order; raises Rejection if there is none."""
        locator = self._locator
        if locator.kind == "body":
            texts = [scalar_text(value) or "" for value in get_all(view.body, locator.name)]
        else:
            texts = [view.text(locator) or ""]
        ids = [t for t in dict.fromkeys(texts) if len(t) <= LONGEST and self._shape.fullmatch(t)]
        if not ids or len(ids) > MAX_OBJECTS:
            raise Rejection(Reason.UNPARSEABLE, str(locator))
        if len(ids) < len(set(texts)):
            other = len(set(texts)) - len(ids)
            log.warning("webhooks %s: %d ids do not have the shape", self.route, other)
        return ids

    def _hint(self, object_id: str) -> Delivery:
        """A delivery that holds the id and nothing else."""
        body = msgspec.json.encode({"id": object_id})
        request = WebhookRequest("POST", "", [("content-type", "application/json")], body)
        identity = EventIdentity(f"{WAITING_PREFIX}{object_id}")
        return Delivery(
            route=self.route,
            provider=self.provider,
            request=request,
            received_at=self._clock.time(),
            signed_at=None,
            key="",
            coverage="hint",
            items=(EventItem(object_id, TYPE, identity, None, object_id),),
        )

    def _check_token(self, request: WebhookRequest) -> None:
        if self._token is None:
            return
        token = request.url.partition("?")[0].rpartition("/")[2]
        if not hmac.compare_digest(token.encode(), self._token.reveal().encode()):
            raise Rejection(Reason.MISMATCH, "path")

    def _check_rate(self, objects: int) -> None:
        """A delivery that names many objects is taken whole, and uses up the next seconds."""
        now = self._clock.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted_at) * self._rate)
        self._counted_at = now
        if self._allowance < 1:
            raise Rejection(Reason.TOO_MANY)
        self._allowance -= objects


def checked_locator(text: str, provider: str) -> Locator:
    """Where an id is read; raises InvalidScheme for a position that no delivery can have."""
    locator = Locator.parse(text)
    known = locator.kind in ("body", "query", "header")
    if not known or (locator.kind == "body" and not _PATH.fullmatch(locator.name)):
        raise InvalidScheme(
            f"{provider}: id={text!r} is not a position: use body:PATH with dots between the keys, "
            "such as body:data.id, body:items.0.id or body:items.*.id, or query:NAME, header:NAME"
        )
    return locator


def strict_pattern(shape: str, provider: str) -> re.Pattern[str]:
    """The shape of an id; raises Refused if it matches anything else as well."""
    try:
        pattern = re.compile(shape, re.ASCII)
    except re.error as error:
        raise Refused(f"{provider}: shape is not a regular expression: {error}") from None
    unsafe = [text for text in UNSAFE_IDS if pattern.fullmatch(text)]
    if len(unsafe) > 1 or not shape:
        raise Refused(
            f"{provider}: shape {shape!r} matches more than an id; spell out its characters"
        )
    return pattern


def _checked_read(read: Read | None, provider: str) -> Read:
    from noctule.providers import find

    pack = find(provider)
    if read is None:
        raise Refused(
            f"{provider}: RefetchReceiver needs `read=`, the operation that fetches the object"
        )
    if pack is None:
        return read
    if pack.signature and Scheme.parse(pack.signature, provider).coverage in ("full", "body"):
        raise Refused(f"{pack.name} signs its deliveries: verify them with Receiver({provider!r})")
    if pack.operations and not any(key.startswith("GET ") for key in pack.operations):
        raise Refused(f"{pack.name}: its pack has no operation that fetches an object")
    return read
