"""Receive webhooks: verified, on disk before the answer, processed, and explained if rejected.

    receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])

    @receiver.on("payment_intent.succeeded")
    async def paid(event: Event) -> None: ...

Verification and signing are imported at once; the receivers, with asyncio and the inbox, when they
are first used.
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
from noctule.webhooks.verification.verify import VerifiedDelivery, verify

if TYPE_CHECKING:
    from noctule.webhooks.processing.event import Event
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.receiving.receiver import Receiver
    from noctule.webhooks.receiving.refetch import RefetchReceiver
    from noctule.webhooks.receiving.response import WebhookResponse
    from noctule.webhooks.receiving.sync.receiver import SyncReceiver
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
    "VerifiedDelivery",
    "WebhookError",
    "WebhookRequest",
    "WebhookResponse",
    "scheme_of",
    "sign",
    "verify",
]

_MODULE_OF = {
    "WebhookResponse": "receiving.response",
    "Event": "processing.event",
    "RefetchReceiver": "receiving.refetch",
    "Inbox": "processing.inbox",
    "Receiver": "receiving.receiver",
    "RetiringSecret": "verification.keyring",
    "SyncReceiver": "receiving.sync.receiver",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
