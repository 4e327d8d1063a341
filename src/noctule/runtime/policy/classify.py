"""From an answer, or the lack of one, to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.policy import retry_headers
from noctule.runtime.policy.outcome import Outcome, Reached

if TYPE_CHECKING:
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.policy.outcome import Again
    from noctule.runtime.policy.retry_headers import RateLimitHeaders
    from noctule.runtime.request import Response

TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
"""Another attempt may fare better."""


def answered(
    response: Response,
    now: float,
    *,
    should_retry_header: str = "",
    keyed: bool = False,
    rate_limit: RateLimitHeaders | None = None,
    failure: BodyFailure | None = None,
) -> Outcome:
    """The provider answered. `now` is seconds since the epoch, for dates in its headers."""
    outcome = failure.outcome(response, now) if failure is not None else None
    if rate_limit is None:
        window = None
    else:
        window = retry_headers.window_reset(response.headers, rate_limit, now)
    if outcome is None and response.status < 300:
        outcome = Outcome(response=response)
    if outcome is None:
        seconds = retry_headers.retry_after(response.headers, now)
        limits = rate_limit.statuses if rate_limit is not None else ()
        limited = response.status in limits and (seconds is not None or window is not None)
        if limited and seconds is None:
            seconds = window
        outcome = _refused(response, seconds, keyed=keyed, limited=limited)
        outcome.hint = retry_headers.should_retry(response.headers, should_retry_header)
    outcome.hold = max(outcome.hold, window or 0.0)
    return outcome


def _refused(
    response: Response, retry_after: float | None, *, keyed: bool, limited: bool
) -> Outcome:
    """A status that is not a success; `limited` if the provider means 429 by it."""
    status = 429 if limited else response.status
    error = errors.for_status(status)
    error.status = response.status
    error.response = response
    outcome = Outcome(
        error=error,
        reached=_reached(status),
        again=_again(status, response, keyed=keyed),
        healthy=status < 500,
    )
    if status in (429, 503):
        outcome.retry_after = retry_after
        outcome.hold = retry_after or 0.0
    if isinstance(error, errors.Unavailable):
        error.retry_after = outcome.retry_after
    return outcome


def failed(error: errors.ServiceError) -> Outcome:
    """There was no answer, or none that can be read: the transport failed with `error`."""
    if isinstance(error, errors.InvalidResponse):
        return Outcome(error=error)
    if not isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        return Outcome(error=error, reached=Reached.NOT_SENT, healthy=None)
    reached = Reached.MAYBE if error.sent else Reached.NOT_SENT
    return Outcome(error=error, reached=reached, again="transient", healthy=False)


def _reached(status: int) -> Reached:
    """408 and 5xx leave open what happened before them; any other refusal came instead of it, and
    a redirect may be the answer to a write that was done."""
    if status < 400:
        return Reached.DONE
    return Reached.MAYBE if status == 408 or status >= 500 else Reached.REFUSED


def _again(status: int, response: Response, *, keyed: bool) -> Again:
    if status == 429:
        return "throttled"
    if status in TRANSIENT or (status == 409 and keyed and _key_in_use(response)):
        return "transient"
    return "no"


def _key_in_use(response: Response) -> bool:
    """Our own earlier attempt is still at work under this idempotency key."""
    return b"idempot" in response.content[:4096].lower()
