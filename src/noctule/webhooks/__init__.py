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
    PermanentFailure,
    Reason,
    Refused,
    Rejection,
    WebhookError,
)
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Coverage, Scheme
from noctule.webhooks.signing.sign import sign
from noctule.webhooks.verification.verify import Verified, verify

if TYPE_CHECKING:
    from noctule.webhooks.processing.event import Event
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.receiving.intake import WebhookResponse
    from noctule.webhooks.receiving.receiver import Receiver
    from noctule.webhooks.receiving.refetch import RefetchReceiver
    from noctule.webhooks.receiving.wsgi import SyncReceiver
    from noctule.webhooks.verification.keyring import RetiringSecret

__all__ = [
    "Busy",
    "Coverage",
    "Event",
    "Inbox",
    "InboxError",
    "InvalidScheme",
    "InvalidSecret",
    "PermanentFailure",
    "Reason",
    "Receiver",
    "RefetchReceiver",
    "Refused",
    "Rejection",
    "RetiringSecret",
    "Scheme",
    "SyncReceiver",
    "Verified",
    "WebhookError",
    "WebhookRequest",
    "WebhookResponse",
    "scheme_of",
    "sign",
    "verify",
]

_HOME_OF = {
    "WebhookResponse": "receiving.intake",
    "Event": "processing.event",
    "RefetchReceiver": "receiving.refetch",
    "Inbox": "processing.inbox",
    "Receiver": "receiving.receiver",
    "RetiringSecret": "verification.keyring",
    "SyncReceiver": "receiving.wsgi",
}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
