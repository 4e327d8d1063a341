"""Webhooks: verified, on disk before the answer, processed once, explainable.

    receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])

    @receiver.on("payment_intent.succeeded")
    async def paid(event: Event) -> None: ...

What only verifies and signs is imported at once; the receiver and what it stands on (asyncio, the
inbox) when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from noctule.webhooks.errors import (
    Busy,
    InboxError,
    InvalidScheme,
    InvalidSecret,
    Permanent,
    Reason,
    Refused,
    Rejection,
    WebhookError,
)
from noctule.webhooks.request import Request
from noctule.webhooks.scheme import Grade, Scheme
from noctule.webhooks.schemes import scheme_of
from noctule.webhooks.sign import sign
from noctule.webhooks.verify import Verified, verify

if TYPE_CHECKING:
    from noctule.webhooks.event import Event
    from noctule.webhooks.hints import HintReceiver
    from noctule.webhooks.inbox import Inbox
    from noctule.webhooks.intake import Answer
    from noctule.webhooks.keyring import Retiring
    from noctule.webhooks.receiver import Receiver
    from noctule.webhooks.wsgi import Threaded

__all__ = [
    "Answer",
    "Busy",
    "Event",
    "Grade",
    "HintReceiver",
    "Inbox",
    "InboxError",
    "InvalidScheme",
    "InvalidSecret",
    "Permanent",
    "Reason",
    "Receiver",
    "Refused",
    "Rejection",
    "Request",
    "Retiring",
    "Scheme",
    "Threaded",
    "Verified",
    "WebhookError",
    "scheme_of",
    "sign",
    "verify",
]

_HOME_OF = {
    "Answer": "intake",
    "Event": "event",
    "HintReceiver": "hints",
    "Inbox": "inbox",
    "Receiver": "receiver",
    "Retiring": "keyring",
    "Threaded": "wsgi",
}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
