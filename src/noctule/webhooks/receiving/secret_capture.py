"""An application that takes one message: the one in which a provider sends its secret.

It runs before there is a receiver, which cannot start without a secret. It has no inbox and no key,
and answers nothing else. The secret is stored before the provider has its answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import Busy, Disconnected, InvalidSecret, Reason, Refused, Rejection
from noctule.webhooks.receiving import asgi
from noctule.webhooks.receiving.body_budget import PROCESS_BUDGET
from noctule.webhooks.receiving.limits import check_limits
from noctule.webhooks.receiving.response import WebhookResponse, json_response
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply
from noctule.webhooks.verification.keys import key_of
from noctule.webhooks.verification.signing_secret import SigningSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.webhooks.schemes.scheme import Scheme

SHORTEST, LONGEST = 8, 512


class SecretCapture:
    """The ASGI application, at one path.

    `store` is called with the secret; an OSError from it is kept in `failure`, and the provider is
    told to retry. `on_rejection` is called with the reason of each rejection. `done` is set once
    the secret is stored and the provider has its answer, or storing failed.

    Raises Refused for a provider that does not send its secret.
    """

    def __init__(
        self,
        scheme: Scheme,
        path: str,
        store: Callable[[str], None],
        on_rejection: Callable[[Reason], None] = lambda _: None,
    ) -> None:
        if all(handshake.secret is None for handshake in scheme.handshakes):
            raise Refused(f"{scheme.provider} does not send its secret: copy it from the dashboard")
        self._scheme = scheme
        self._path = path
        self._store = store
        self._on_rejection = on_rejection
        self.captured = False
        self.failure: OSError | None = None
        self.done = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != self._path:
            await asgi.send_text(send, 404, "text/plain", b"no webhook at this address\n")
            return
        try:
            with PROCESS_BUDGET.body() as share:
                body = await asgi.read_body(scope, receive, self._scheme.max_body, share)
            request = WebhookRequest(scope["method"], asgi.url_of(scope), scope["headers"], body)
            response = self._take(request)
        except Rejection as rejection:
            self._on_rejection(rejection.reason)
            response = json_response(rejection.status, "rejected", reason=rejection.reason)
        except Disconnected:
            return
        except Busy:
            response = json_response(503, "unavailable").with_retry_after()
        except OSError as error:
            self.failure = error
            response = json_response(503, "unavailable")
        await asgi.send_response(response, send)
        if self.captured or self.failure:
            self.done.set()

    def _take(self, request: WebhookRequest) -> WebhookResponse:
        check_limits(request, self._scheme.max_body)
        view = DeliveryView(self._scheme, request)
        handshake = find_handshake(view, signed=False)
        if handshake is None or handshake.secret is None:
            raise Rejection(Reason.MISSING_FIELD, "secret")
        if self.captured:
            raise Rejection(Reason.CAPTURE_CLOSED)
        secret = SigningSecret(view.text(handshake.secret) or "")
        length = len(secret.reveal())
        if not SHORTEST <= length <= LONGEST or not secret.reveal().isprintable():
            raise Rejection(Reason.MISSING_FIELD, "secret")
        try:
            key_of(self._scheme.key_form, self._scheme.algorithm, secret)
        except InvalidSecret:
            raise Rejection(Reason.MISSING_FIELD, "secret") from None
        reply = handshake_reply(handshake, view)
        self._store(secret.reveal())
        self.captured = True
        return WebhookResponse.to_handshake(reply)
