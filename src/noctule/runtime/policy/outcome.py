"""The outcome of one attempt, in the terms that the policies share."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from noctule.runtime.errors import ServiceError
    from noctule.runtime.request import Response
    from noctule.runtime.responses.rate_limits import RateWindow


class DeliveryStatus(Enum):
    """How far the request got, which decides whether a write may be sent again."""

    NOT_SENT = "not sent"
    """Nothing arrived, for certain: no connection."""
    UNKNOWN = "unknown"
    """It was sent, but its effect is not known: lost connection, timeout, 5xx, and a success that
    cannot be read."""
    REJECTED = "rejected"
    """The provider answered that it did nothing: 4xx, 429."""
    PROCESSED = "processed"


RetryKind = Literal["no", "transient", "throttled"]
"""Whether another attempt may succeed, and which wait it needs before."""


class AttemptOutcome(msgspec.Struct):
    """`response` and `value`, what was read from it, are set on success, `error` otherwise."""

    response: Response | None = None
    value: Any = None
    error: ServiceError | None = None
    delivery: DeliveryStatus = DeliveryStatus.PROCESSED
    retry_kind: RetryKind = "no"
    healthy: bool | None = True
    """What the breaker records; None when the attempt says nothing about the provider."""
    retry_after: float | None = None
    """Seconds that the provider asked to wait."""
    cooldown: float = 0.0
    """Seconds during which no call should be sent to this provider."""
    cooldown_shared: bool = True
    """Whether that holds for every operation, or only for this one."""
    should_retry: bool | None = None
    """The provider's own advice on whether to retry."""
    window: RateWindow | None = None
    """The limit of the provider that is nearest to its end, if the response tells of any."""
