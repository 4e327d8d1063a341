"""The outcome of an attempt, from the response or from the transport's error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.responses.presence import tell_limits

if TYPE_CHECKING:
    from collections.abc import Collection

    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.policy.outcome import RetryKind
    from noctule.runtime.request import Response
    from noctule.runtime.responses.rate_limits import RateLimitHeaders, RateWindow

RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
"""Another attempt may succeed, if the provider does not say otherwise."""
PHRASE_WAIT = 60.0
"""Seconds after a refusal that only its text tells to be a limit: GitHub asks for a minute."""


def classify_response(
    response: Response,
    now: float,
    *,
    should_retry_header: str = "",
    keyed: bool = False,
    retry_statuses: Collection[int] = RETRY_STATUSES,
    rate_limit: RateLimitHeaders | None = None,
    body_failure: BodyFailure | None = None,
    expected: Collection[int] = (),
) -> AttemptOutcome:
    """The provider responded. `now`: seconds since the epoch, for dates in its headers. `keyed`:
    the request carried an idempotency key. `expected`: statuses that are a success of this call,
    whatever they are elsewhere."""
    outcome = body_failure.outcome(response, now) if body_failure is not None else None
    headers = response.headers
    limits: list[RateWindow] = []
    empty = None
    if rate_limit is not None or tell_limits(headers.names):
        from noctule.runtime.responses.rate_limits import exhausted, rate_windows

        limits = rate_windows(headers, rate_limit, now)
        empty = exhausted(limits)
    if outcome is None and (response.status < 300 or response.status in expected):
        outcome = AttemptOutcome(response=response)
    if outcome is None:
        from noctule.runtime.responses.retry_after import retry_after, should_retry

        seconds = retry_after(headers, now)
        limited = _is_limit(response, seconds, empty, rate_limit)
        if limited and seconds is None:
            seconds = PHRASE_WAIT if empty is None and response.status != 429 else None
        again = limited or response.status in retry_statuses or (keyed and _key_in_use(response))
        outcome = _error_outcome(response, seconds, again=again, limited=limited)
        outcome.should_retry = should_retry(headers, should_retry_header)
    if empty is not None:
        _hold(outcome, empty)
    if limits:
        outcome.window = min(limits, key=_share_left)
    return outcome


def _is_limit(
    response: Response,
    retry_after: float | None,
    empty: RateWindow | None,
    rate_limit: RateLimitHeaders | None,
) -> bool:
    """Whether the response refuses the call because of a limit of the provider."""
    if response.status == 429 or rate_limit is None:
        return response.status == 429
    if response.status not in rate_limit.statuses:
        return False
    text = response.content[:4096].lower()
    return (
        retry_after is not None
        or empty is not None
        or any(phrase.encode() in text for phrase in rate_limit.phrases)
    )


def _hold(outcome: AttemptOutcome, empty: RateWindow) -> None:
    """Send no call while `empty` has nothing left. What `Retry-After` says takes precedence (the
    draft's section on consuming the fields)."""
    outcome.cooldown_shared = empty.shared
    if outcome.retry_after is None:
        outcome.cooldown = max(outcome.cooldown, empty.seconds or 0.0)
        if outcome.retry_kind == "throttled":
            outcome.retry_after = empty.seconds
            if isinstance(outcome.error, errors.Unavailable):
                outcome.error.retry_after = empty.seconds


def _share_left(window: RateWindow) -> float:
    return window.remaining / window.limit if window.limit else float(window.remaining > 0)


def _error_outcome(
    response: Response, retry_after: float | None, *, again: bool, limited: bool
) -> AttemptOutcome:
    """For a status that is not a success. `again`: another attempt may succeed. `limited`: the
    provider uses it as a 429."""
    from noctule.runtime.responses.problem_details import problem_details

    status = 429 if limited else response.status
    retry_kind: RetryKind = "throttled" if status == 429 else "transient"
    error = errors.for_status(status) if status >= 400 else _redirect(response)
    error.status = response.status
    error.response = response
    problem = problem_details(response)
    error.provider_code = problem.code if problem else None
    outcome = AttemptOutcome(
        error=error,
        delivery=_delivery(status),
        retry_kind=retry_kind if again else "no",
        healthy=status < 500,
    )
    if outcome.retry_kind != "no":
        outcome.retry_after = retry_after
    if status in (429, 503):
        outcome.cooldown = retry_after or 0.0
    if isinstance(error, errors.Unavailable):
        error.retry_after = outcome.retry_after
    return outcome


def _redirect(response: Response) -> errors.InvalidResponse:
    from noctule.runtime.responses.redirects import told

    location = response.headers.get("location")
    where = "it has no Location" if location is None else f"to {told(location)}"
    return errors.InvalidResponse(f"a redirect that is not followed: {where}")


def classify_failure(error: errors.ServiceError, *, rereads: bool = False) -> AttemptOutcome:
    """The transport raised `error`: there was no response, or none that can be read. `rereads`: see
    `unreadable`."""
    if isinstance(error, errors.InvalidResponse):
        return unreadable(AttemptOutcome(), error, rereads=rereads)
    if not isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        return AttemptOutcome(error=error, delivery=DeliveryStatus.NOT_SENT, healthy=None)
    delivery = DeliveryStatus.UNKNOWN if error.sent else DeliveryStatus.NOT_SENT
    return AttemptOutcome(error=error, delivery=delivery, retry_kind="transient", healthy=False)


def unreadable(
    outcome: AttemptOutcome, error: errors.InvalidResponse, *, rereads: bool
) -> AttemptOutcome:
    """`outcome`, whose response cannot be read. `rereads`: repeating the write gives its result
    again; one that was too large would be so again."""
    outcome.response, outcome.error = None, error
    outcome.delivery = DeliveryStatus.UNKNOWN
    again = rereads and not isinstance(error, errors.ResponseTooLarge)
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


def _key_in_use(response: Response) -> bool:
    """Our own earlier attempt is still running under this idempotency key."""
    return response.status == 409 and b"idempot" in response.content[:4096].lower()
