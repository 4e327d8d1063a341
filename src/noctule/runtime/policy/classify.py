"""From an answer, or the lack of one, to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.policy import retry_headers
from noctule.runtime.policy.outcome import Outcome, Reached

if TYPE_CHECKING:
    from noctule.runtime.policy.outcome import Again
    from noctule.runtime.request import Response

TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
"""Another attempt may fare better."""


def answered(
    response: Response, now: float, *, should_retry_header: str = "", keyed: bool = False
) -> Outcome:
    """The provider answered. `now` is seconds since the epoch, for dates in its headers."""
    status = response.status
    if status < 300:
        return Outcome(response=response)
    headers = response.headers
    error = errors.for_status(status)
    error.status = status
    error.response = response
    verdict = Outcome(
        error=error,
        reached=_reached(status),
        again=_again(response, keyed=keyed),
        healthy=status < 500,
        retry_after=retry_headers.retry_after(headers, now) if status in (429, 503) else None,
        hint=retry_headers.should_retry(headers, should_retry_header),
    )
    verdict.hold = verdict.retry_after or 0.0
    if isinstance(error, errors.Unavailable):
        error.retry_after = verdict.retry_after
    return verdict


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


def _again(response: Response, *, keyed: bool) -> Again:
    status = response.status
    if status == 429:
        return "throttled"
    if status in TRANSIENT or (status == 409 and keyed and _key_in_use(response)):
        return "transient"
    return "no"


def _key_in_use(response: Response) -> bool:
    """Our own earlier attempt is still at work under this idempotency key."""
    return b"idempot" in response.content[:4096].lower()
