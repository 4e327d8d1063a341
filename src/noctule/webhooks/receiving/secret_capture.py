"""An application that takes one thing: the message in which a provider brings its secret.

For the time in which there is no receiver yet, which starts with a secret or not at all. It has no
inbox and no key, and answers no other question. The secret is kept before the provider is told.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import Disconnected, InvalidSecret, Reason, Refused, Rejection
from noctule.webhooks.receiving import asgi
from noctule.webhooks.receiving.capture_window import checked
from noctule.webhooks.receiving.intake import WebhookResponse, answered
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.handshakes import answer, question
from noctule.webhooks.verification.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.webhooks.schemes.scheme import Scheme

OWN_FOLDER = ".noctule"


class Enroller:
    """The ASGI application, at one path. `keep` is given the secret; what it raises as OSError
    stays in `failure`, and the provider is told to come again. `refused` hears of what was not
    taken, by its reason.

    `done` is set once the secret is kept and the provider has its answer, or keeping it failed.
    Raises Refused for a provider that sends no secret.
    """

    def __init__(
        self,
        scheme: Scheme,
        path: str,
        keep: Callable[[str], None],
        refused: Callable[[Reason], None] = lambda _: None,
    ) -> None:
        if all(handshake.enrol is None for handshake in scheme.handshakes):
            raise Refused(f"{scheme.provider} sends no secret: it shows it where webhooks are set")
        self._scheme = scheme
        self._path = path
        self._keep = keep
        self._refused = refused
        self.taken = False
        self.failure: OSError | None = None
        self.done = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != self._path:
            await asgi.respond(send, 404, "text/plain", b"there is no webhook at this address\n")
            return
        try:
            body = await asgi.body_of(scope, receive, self._scheme.max_body)
            told = self._take(
                WebhookRequest(scope["method"], asgi.url_of(scope), scope["headers"], body)
            )
        except Rejection as rejection:
            self._refused(rejection.reason)
            told = answered(rejection.status, "rejected", reason=rejection.reason)
        except Disconnected:
            return
        except OSError as error:
            self.failure = error
            told = answered(503, "unavailable")
        await asgi.tell(told, send)
        if self.taken or self.failure:
            self.done.set()

    def _take(self, request: WebhookRequest) -> WebhookResponse:
        asgi.check(request, self._scheme.max_body)
        reading = Reading(self._scheme, request)
        greeting = question(reading, signed=False)
        if greeting is None or greeting.enrol is None:
            raise Rejection(Reason.MISSING_FIELD, "secret")
        if self.taken:
            raise Rejection(Reason.ENROLMENT_CLOSED)
        secret = checked(reading.text(greeting.enrol) or "")
        try:
            key_of(self._scheme, secret)
        except InvalidSecret:
            raise Rejection(Reason.MISSING_FIELD, "secret") from None
        reply = answer(greeting, reading)
        self._keep(secret)
        self.taken = True
        return WebhookResponse(reply.status, reply.headers, reply.body, "handshake")


def write_secret(path: Path, secret: str) -> None:
    """A file that its owner alone can read, whole or not at all. Raises OSError."""
    above = path.parent.parent
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if above.name == OWN_FOLDER:
        above.joinpath(".gitignore").write_text("*\n", encoding="utf-8")
    staged = path.with_name(f"{path.name}.new")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
