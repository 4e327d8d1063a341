"""The outcome of an attempt, from the response or from the transport's error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.policy import retry_headers
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus

if TYPE_CHECKING:
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.policy.outcome import RetryKind
    from noctule.runtime.policy.retry_headers import RateLimitHeaders
    from noctule.runtime.request import Response

TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504})
"""Another attempt may succeed."""


def classify_response(
    response: Response,
    now: float,
    *,
    should_retry_header: str = "",
    keyed: bool = False,
    rate_limit: RateLimitHeaders | None = None,
    body_failure: BodyFailure | None = None,
) -> AttemptOutcome:
    """The provider responded. `now`: seconds since the epoch, for dates in its headers. `keyed`:
    the request carried an idempotency key."""
    outcome = body_failure.outcome(response, now) if body_failure is not None else None
    if rate_limit is None:
        reset = None
    else:
        reset = retry_headers.window_reset(response.headers, rate_limit, now)
    if outcome is None and response.status < 300:
        outcome = AttemptOutcome(response=response)
    if outcome is None:
        seconds = retry_headers.retry_after(response.headers, now)
        statuses = rate_limit.statuses if rate_limit is not None else ()
        limited = response.status in statuses and (seconds is not None or reset is not None)
        if limited and seconds is None:
            seconds = reset
        outcome = _error_outcome(response, seconds, keyed=keyed, limited=limited)
        outcome.should_retry = retry_headers.should_retry(response.headers, should_retry_header)
    outcome.cooldown = max(outcome.cooldown, reset or 0.0)
    return outcome


def _error_outcome(
    response: Response, retry_after: float | None, *, keyed: bool, limited: bool
) -> AttemptOutcome:
    """For a status that is not a success. `limited`: the provider uses it as a 429."""
    status = 429 if limited else response.status
    error = errors.for_status(status)
    error.status = response.status
    error.response = response
    outcome = AttemptOutcome(
        error=error,
        delivery=_delivery(status),
        retry_kind=_retry_kind(status, response, keyed=keyed),
        healthy=status < 500,
    )
    if status in (429, 503):
        outcome.retry_after = retry_after
        outcome.cooldown = retry_after or 0.0
    if isinstance(error, errors.Unavailable):
        error.retry_after = outcome.retry_after
    return outcome


def classify_failure(error: errors.ServiceError, *, keyed: bool = False) -> AttemptOutcome:
    """The transport raised `error`: there was no response, or none that can be read."""
    if isinstance(error, errors.InvalidResponse):
        return unreadable(AttemptOutcome(), error, keyed=keyed)
    if not isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        return AttemptOutcome(error=error, delivery=DeliveryStatus.NOT_SENT, healthy=None)
    delivery = DeliveryStatus.UNKNOWN if error.sent else DeliveryStatus.NOT_SENT
    return AttemptOutcome(error=error, delivery=delivery, retry_kind="transient", healthy=False)


def unreadable(
    outcome: AttemptOutcome, error: errors.InvalidResponse, *, keyed: bool
) -> AttemptOutcome:
    """`outcome`, whose response cannot be read. Under an idempotency key the provider can be asked
    for it again, unless it is too large: it would be so again."""
    outcome.response, outcome.error = None, error
    outcome.delivery = DeliveryStatus.UNKNOWN
    again = keyed and not isinstance(error, errors.ResponseTooLarge)
    outcome.retry_kind = "transient" if again else "no"
    return outcome


MOVED = frozenset({301, 307, 308})
"""Redirects that say where to send the request instead."""


def _delivery(status: int) -> DeliveryStatus:
    """A 408 or a 5xx may come after the effect, and so may a redirect to a result (302, 303); any
    other 4xx comes instead of it."""
    if status == 408 or status >= 500 or (status < 400 and status not in MOVED):
        return DeliveryStatus.UNKNOWN
    return DeliveryStatus.REJECTED


def _retry_kind(status: int, response: Response, *, keyed: bool) -> RetryKind:
    if status == 429:
        return "throttled"
    if status in TRANSIENT_STATUSES or (status == 409 and keyed and _key_in_use(response)):
        return "transient"
    return "no"


def _key_in_use(response: Response) -> bool:
    """Our own earlier attempt is still running under this idempotency key."""
    return b"idempot" in response.content[:4096].lower()
