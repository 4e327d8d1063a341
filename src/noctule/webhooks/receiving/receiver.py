"""The receiver of a provider that signs: verifies, stores, answers, and processes afterwards."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from noctule.runtime.clock import SYSTEM
from noctule.runtime.errors import MissingSecrets
from noctule.webhooks.errors import Reason, Refused, Rejection
from noctule.webhooks.processing.inbox import Inbox
from noctule.webhooks.processing.repeats import RepeatPolicy
from noctule.webhooks.processing.worker import Worker
from noctule.webhooks.receiving.base import BaseReceiver
from noctule.webhooks.receiving.limits import check_limits
from noctule.webhooks.receiving.rejection_log import RejectionLog
from noctule.webhooks.receiving.response import WebhookResponse
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply, visit
from noctule.webhooks.verification.keyring import Keyring, RetiringSecret, read_settings
from noctule.webhooks.verification.signing_secret import NO_SECRET, HiddenSecret
from noctule.webhooks.verification.verify import VerifiedDelivery, verify_fetching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.runtime.clock import Clock
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.handshake import Handshake
    from noctule.webhooks.verification.identity import RepeatAction

log = logging.getLogger("noctule.webhooks")


class Receiver(BaseReceiver):
    """Takes the deliveries of one provider.

    `provider` is the id of a pack, or a `Scheme` of your own. `secrets` names environment
    variables; a delivery may be signed with any of them, with an outgoing one if it is given as
    `RetiringSecret(name, until)`. `url` is the address that the provider was given, or the name of
    the variable that holds it: needed behind a proxy by schemes that sign the address. `route`
    names this receiver in the inbox, by default the provider. With `work=False` it only stores;
    another process with the same inbox runs the handlers.

    `repeats` says what becomes of events that equal an earlier one and may be another event or a
    replay: `quarantine`, `handle` or `drop`, or a table of these by event type
    (`{"orders.*": "handle"}`, where types that are not named are quarantined).

    Raises Refused if the provider's deliveries cannot be verified, ValueError for `repeats`. The
    environment and the disk are first read in `lifespan`, which raises MissingSecrets naming every
    missing variable, InvalidSecret or InboxError.
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
        repeats: RepeatAction | Mapping[str, RepeatAction] = "quarantine",
    ) -> None:
        self.scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
        if self.scheme.coverage in ("static", "none"):
            raise Refused(f"{self.scheme.provider}: deliveries are not signed")
        super().__init__(inbox if inbox is not None else Inbox(), clock, work=work)
        self._keyring = Keyring(secrets)
        self._repeat_policy = RepeatPolicy(repeats)
        self._retiring_in_use: set[str] = set()
        self.route = route or self.scheme.provider
        self.max_body = max_body or self.scheme.max_body
        self.url = self._address = url
        self._rejection_log: RejectionLog | None = None

    def _new_worker(self) -> Worker:
        self._rejection_log = RejectionLog(self.inbox, self.scheme, self.route, self._clock)
        return Worker(self.inbox, self.scheme, self.route, self._handlers, self._clock)

    def _retiring(self) -> Mapping[str, float]:
        return self._keyring.retiring(self._clock.time())

    async def _on_stop(self) -> None:
        if self._rejection_log is not None:
            await self._rejection_log.finish()
            self._rejection_log = None

    def _on_rejection(self, request: WebhookRequest, rejection: Rejection) -> None:
        if self._rejection_log is not None:
            secrets = self._keyring.at(self._clock.time())
            self._rejection_log.add(request, rejection, list(secrets.values()))

    async def _take(self, request: WebhookRequest, until: float) -> WebhookResponse:
        check_limits(request, self.max_body)
        view = DeliveryView(self.scheme, request)
        if handshake := find_handshake(view, signed=False):
            if handshake.secret is not None:
                raise Rejection(Reason.CAPTURE_CLOSED)  # `noctule webhooks enrol` takes it
            return _handshake_response(handshake, view, self._current_secret())
        if request.method != "POST":
            raise Rejection(Reason.METHOD)
        now = self._clock.time()
        secrets = self._keyring.at(now)
        values = list(secrets.values())
        verified = await verify_fetching(self.scheme, request, values, now)
        if handshake := find_handshake(verified.view, signed=True):
            await visit(handshake, verified.view)
            return _handshake_response(handshake, verified.view, values[verified.secret])
        delivery = self._delivery(verified, list(secrets)[verified.secret], now)
        response = await self._store(delivery, until)
        return response.with_text(self.scheme.reply) if self.scheme.reply else response

    def _delivery(self, verified: VerifiedDelivery, variable: str, now: float) -> Delivery:
        if self._keyring.is_retiring(variable) and variable not in self._retiring_in_use:
            self._retiring_in_use.add(variable)
            log.warning("webhooks %s: the retiring secret %s is still in use", self.route, variable)
        request = verified.view.request
        stores = self.scheme.stores_header
        headers = [pair for pair in request.headers if stores(pair[0])]
        return Delivery(
            route=self.route,
            provider=self.scheme.provider,
            request=request.with_headers(headers),
            received_at=now,
            signed_at=verified.signed_at,
            key=variable,
            coverage=self.scheme.coverage,
            items=tuple(items(verified, self._repeat_policy.action)),
        )

    def _read_environment(self) -> None:
        is_variable = self.url and "://" not in self.url
        self._address = os.environ.get(self.url, "") if is_variable else self.url
        missing = [self.url] if is_variable and not self._address else []
        try:
            self._keyring.read(self.scheme, self._clock.time())
        except MissingSecrets as error:
            missing = [*error.names, *missing]
        try:
            self.scheme = read_settings(self.scheme)
        except MissingSecrets as error:
            missing = [*missing, *(name for name in error.names if name not in missing)]
        if missing:
            raise MissingSecrets(missing)

    def _public_url(self, url: str) -> str:
        query = url.partition("?")[2] if "?" not in self._address else ""
        return (self._address + (f"?{query}" if query else "")) if self._address else url

    def _current_secret(self) -> HiddenSecret:
        """The first secret that is not retiring: handshakes are answered with it."""
        secrets = self._keyring.at(self._clock.time())
        current = [
            secret for name, secret in secrets.items() if not self._keyring.is_retiring(name)
        ]
        return next(iter(current or secrets.values()), NO_SECRET)


def _handshake_response(
    handshake: Handshake, view: DeliveryView, secret: HiddenSecret
) -> WebhookResponse:
    return WebhookResponse.to_handshake(handshake_reply(handshake, view, secret))
