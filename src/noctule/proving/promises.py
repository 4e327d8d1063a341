"""What the runtime promises, each as a pure function of what was seen.

A promise looks at one `Sight` and says held or broken, with its evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.proving.matrix import Check

if TYPE_CHECKING:
    from noctule.proving.report import Called, Outcome
    from noctule.proving.subject import Subject
    from noctule.sandbox import Ledger

SLACK = 1.5
"""Factor on every bound in time: the wrapper's clock runs fast on a machine that may be busy."""
GRACE = 2.0
"""Seconds of the fast clock on top, for the same reason."""


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is known of one row: the fake's ledger and the driver's report."""

    subject: Subject
    called: Called
    ledger: Ledger
    speed: float
    leaked: tuple[str, ...] = ()
    """Names of the credentials that turned up in logs, exceptions or output."""
    asked_wait: float = 0.0
    """Seconds of the fake's Retry-After."""

    @property
    def outcome(self) -> Outcome:
        """Of the last call."""
        return self.called.outcomes[-1]

    @property
    def requests(self) -> int:
        return len(self.ledger.requests(self.subject.operation))

    @property
    def effects(self) -> int:
        return len(self.ledger.effects)


Promise = Callable[[Sight], Check | None]
"""None where the promise says nothing about this method."""


def returns(sight: Sight) -> Check:
    """The call gives its result."""
    return _check("returns", sight, held=sight.outcome.kind == "returned")


def typed_error(sight: Sight) -> Check:
    """The call fails with a `ServiceError` that has words for the user in both languages, or its
    fallback gives a result that is marked as degraded."""
    degraded = sight.outcome.type == "Degraded"
    return _check("typed_error", sight, held=degraded or _told(sight.outcome))


def no_surprise(sight: Sight) -> Check:
    """A result, or a typed error: never a decoder's or a driver's exception."""
    ended = sight.outcome.kind == "returned" or _told(sight.outcome)
    return _check("no_surprise", sight, held=ended)


def survives(sight: Sight) -> Check:
    """It recovers where the request may be sent again, and says so where it may not."""
    return returns(sight) if sight.subject.resendable else outcome_unknown(sight)


def outcome_unknown(sight: Sight) -> Check:
    """One request, and `OutcomeUnknown`: the write may have happened."""
    held = "OutcomeUnknown" in sight.outcome.family and sight.requests == 1 and _told(sight.outcome)
    return _check("outcome_unknown", sight, held=held)


def survives_lost_answer(sight: Sight) -> Check:
    """As `survives`; a delete that had worked may find nothing the second time."""
    gone = sight.subject.verb == "DELETE" and "NotFound" in sight.outcome.family
    return _check("survives", sight, held=True) if gone else survives(sight)


def one_effect(sight: Sight) -> Check | None:
    """A call that returned did its effect once; one that failed, at most once.

    A PUT that changes nothing has no effect, which is as good.
    """
    if not sight.subject.writes:
        return None
    effects = sight.ledger.as_json()["effects"]
    if sight.outcome.kind != "returned":
        held = sight.effects <= 1
        return _check("no_second_effect", sight, held=held, effects=effects)
    allowed = (0, 1) if sight.subject.verb == "PUT" else (1,)
    return _check("one_effect", sight, held=sight.effects in allowed, effects=effects)


def no_effect(sight: Sight) -> Check | None:
    if not sight.subject.writes:
        return None
    return _check("no_effect", sight, held=sight.effects == 0)


def in_time(sight: Sight) -> Check:
    """Each call is over within its deadline, and within its attempts' timeouts and waits."""
    plan = sight.subject.plan
    outcomes = sight.called.outcomes
    attempts = max(1, sight.requests, *(outcome.attempts for outcome in outcomes))
    patience = min(plan.deadline, attempts * plan.timeout + sum(sight.called.waits))
    bound = patience * SLACK + GRACE
    slowest = max(outcome.seconds for outcome in outcomes)
    held = slowest <= bound and all(outcome.kind != "hung" for outcome in outcomes)
    return _check("in_time", sight, held=held, seconds=round(slowest, 2), bound=bound)


def within_attempts(sight: Sight) -> Check:
    """No call tries more often than planned, nor are there more requests than that makes."""
    outcomes = sight.called.outcomes
    tried = max(
        math.ceil(sight.requests / len(outcomes)), *(outcome.attempts for outcome in outcomes)
    )
    planned = sight.subject.plan.attempts
    return _check("within_attempts", sight, held=tried <= planned, tried=tried, planned=planned)


def retry_after(sight: Sight) -> Check:
    """The second request comes after the asked wait, and not long after.

    Both clocks must agree: the gap that the fake saw, and the wait that the wrapper asked for.
    """
    gaps = [gap * sight.speed for gap in sight.ledger.gaps(sight.subject.operation)]
    asked = sight.asked_wait
    held = (
        bool(gaps) and gaps[0] >= asked * 0.95 and max(sight.called.waits, default=0) <= asked * 2
    )
    seen = {"gaps": [round(gap, 2) for gap in gaps], "waits": sight.called.waits}
    return _check("retry_after", sight, held=held, asked=asked, **seen)


def breaker_opens(sight: Sight) -> Check:
    """In the end the provider is left alone: calls that send nothing and say why."""
    calls = len(sight.called.outcomes)
    held = "CircuitOpen" in sight.outcome.family and sight.requests < calls
    return _check("breaker_opens", sight, held=held, calls=calls, sent=sight.requests)


def nothing_secret(sight: Sight) -> Check:
    """No credential in a log line, an exception or on the output."""
    return _check("nothing_secret", sight, held=not sight.leaked, leaked=sight.leaked)


def _told(outcome: Outcome) -> bool:
    messages = outcome.messages
    said = bool(messages.get("en")) and bool(messages.get("fr"))
    return outcome.kind == "raised" and outcome.typed and said


def _check(promise: str, sight: Sight, *, held: bool, **evidence: Any) -> Check:
    seen: dict[str, Any] = {
        "outcome": sight.outcome.type or sight.outcome.kind,
        "requests": [line.as_json() for line in sight.ledger.requests(sight.subject.operation)][:6],
        **evidence,
    }
    return Check(promise, held, seen)
