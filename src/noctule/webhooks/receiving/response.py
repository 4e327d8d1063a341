"""The HTTP answer to a delivery."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from noctule.webhooks.errors import Reason
    from noctule.webhooks.store.base import Receipt
    from noctule.webhooks.verification.handshakes import HandshakeReply

RETRY_AFTER = 5
"""Seconds after which a sender may retry."""

DeliveryOutcome = Literal[
    "accepted", "duplicate", "quarantined", "handshake", "rejected", "unavailable"
]


@dataclass(frozen=True)
class WebhookResponse:
    """The answer to the sender. `reason` says why a delivery was rejected."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    outcome: DeliveryOutcome
    reason: Reason | None = None

    @classmethod
    def to_handshake(cls, reply: HandshakeReply) -> WebhookResponse:
        return cls(reply.status, reply.headers, reply.body, "handshake")

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI has them, with the length of the body."""
        pairs = [(name.encode(), value.encode()) for name, value in self.headers]
        return [*pairs, (b"content-length", b"%d" % len(self.body))]

    def with_text(self, text: str) -> WebhookResponse:
        """The same with another body, for providers that want to read a certain text."""
        headers = (("content-type", "text/plain; charset=utf-8"),)
        return replace(self, headers=headers, body=text.encode())

    def with_retry_after(self) -> WebhookResponse:
        """The same with a Retry-After header."""
        return replace(self, headers=(*self.headers, ("retry-after", str(RETRY_AFTER))))


@cache
def json_response(
    status: int, outcome: DeliveryOutcome, reason: Reason | None = None
) -> WebhookResponse:
    """A JSON answer that holds the outcome and the reason, and nothing else."""
    content = {"outcome": outcome} | ({"reason": str(reason)} if reason else {})
    headers = (("content-type", "application/json"),)
    return WebhookResponse(status, headers, json.dumps(content).encode(), outcome, reason)


def outcome_of(receipt: Receipt) -> DeliveryOutcome:
    """The outcome of a whole delivery, from those of its events."""
    if receipt.outcomes == ("accepted",):
        return "accepted"
    outcomes = set(receipt.outcomes)
    if not outcomes or outcomes & {"accepted", "repeated"}:
        return "accepted"
    return "quarantined" if "quarantined" in outcomes else "duplicate"
