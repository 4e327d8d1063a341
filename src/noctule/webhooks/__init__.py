"""Webhooks: verified, on disk before the answer, processed once, explainable.

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])

@receiver.on("payment_intent.succeeded")
async def paid(event: Event) -> None: ...
"""

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
from noctule.webhooks.event import Event
from noctule.webhooks.inbox import Inbox
from noctule.webhooks.keyring import Retiring
from noctule.webhooks.receiver import Answer, Receiver
from noctule.webhooks.request import Request
from noctule.webhooks.scheme import Grade, Scheme
from noctule.webhooks.schemes import scheme_of
from noctule.webhooks.sign import sign
from noctule.webhooks.verify import Verified, verify

__all__ = [
    "Answer",
    "Busy",
    "Event",
    "Grade",
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
    "Verified",
    "WebhookError",
    "scheme_of",
    "sign",
    "verify",
]
