"""What the runtime promises, each as a pure function of what was observed.

A promise is a function of one `CallEvidence`; it returns held or broken, with figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.proving.matrix import PromiseCheck
from noctule.proving.proven_method import CallLimits

if TYPE_CHECKING:
    from noctule.proving.proven_method import ProvenMethod
    from noctule.proving.report import CallOutcome, CallReport
    from noctule.sandbox import Ledger
    from noctule.sandbox.finding import RequestFinding

SLACK = 1.5
"""Factor on every bound in time: the wrapper's clock runs fast on a machine that may be busy."""
GRACE = 2.0
"""Seconds of the fast clock on top, for the same reason."""
FIRST_WAIT = 1.0
"""Seconds before the second attempt, at least."""


@dataclass(frozen=True, slots=True)
class CallEvidence:
    """What was observed on one row: the fake provider's ledger and the driver's report."""

    method: ProvenMethod
    report: CallReport
    ledger: Ledger
    speed: float
    leaked: tuple[str, ...] = ()
    """Names of the credentials that were found in logs, exceptions or output."""
    asked_wait: float = 0.0
    """Seconds of the fake provider's Retry-After."""
    pages: int = 1
    """Pages that one call may ask for, the empty one at the end included."""

    @property
    def outcome(self) -> CallOutcome:
        """Of the last call."""
        return self.report.outcomes[-1]

    @property
    def requests(self) -> int:
        return len(self.ledger.requests(self.method.operation))

    @property
    def findings(self) -> tuple[RequestFinding, ...]:
        """How the requests differ from the document, each difference once."""
        found = (each for exchange in self.ledger.exchanges for each in exchange.findings)
        return tuple(dict.fromkeys(found))

    @property
    def effects(self) -> int:
        return len(self.ledger.effects)


Promise = Callable[[CallEvidence], PromiseCheck | None]
"""None where the promise does not apply to the method."""


def returns(evidence: CallEvidence) -> PromiseCheck:
    """The call returns its result."""
    return _check("returns", evidence, held=evidence.outcome.kind == "returned")


def typed_error(evidence: CallEvidence) -> PromiseCheck:
    """The call fails with a `ServiceError` that has a message for the user in both languages, or
    its fallback returns a result that is marked as degraded."""
    degraded = evidence.outcome.type == "Degraded"
    return _check("typed_error", evidence, held=degraded or _explained(evidence.outcome))


def no_surprise(evidence: CallEvidence) -> PromiseCheck:
    """A result whose members have their types, or raise a typed error when they are read; or a
    typed error; never another exception."""
    outcome = evidence.outcome
    held = outcome.kind == "returned" and not outcome.untrue
    return _check("no_surprise", evidence, held=held or _explained(outcome), untrue=outcome.untrue)


def survives(evidence: CallEvidence) -> PromiseCheck:
    """The call recovers where the request may be sent again, else it raises `OutcomeUnknown`."""
    return returns(evidence) if evidence.method.resendable else outcome_unknown(evidence)


def outcome_unknown(evidence: CallEvidence) -> PromiseCheck:
    """One request, and `OutcomeUnknown`: the write may have happened."""
    held = (
        "OutcomeUnknown" in evidence.outcome.family
        and evidence.requests == 1
        and _explained(evidence.outcome)
    )
    return _check("outcome_unknown", evidence, held=held)


def no_answer(evidence: CallEvidence) -> PromiseCheck:
    """A write raises `OutcomeUnknown`, which says whether it may be repeated, and under a key if it
    had one; or an outbox takes it, if it may. A read keeps `typed_error`."""
    outcome, mode = evidence.outcome, evidence.method.retry
    unknown = _explained(outcome) and "OutcomeUnknown" in outcome.family
    if evidence.method.writes:
        advice = outcome.safe_to_retry, outcome.keyed
        held = unknown and advice == (mode != "never", mode == "with_key")
        held = held or (outcome.type == "Degraded" and mode != "never")
    else:
        held = typed_error(evidence).held and not unknown
    return _check("no_answer", evidence, held=held)


def rereads(evidence: CallEvidence) -> PromiseCheck:
    """The call gets its result by asking again where that is safe, else it raises
    `OutcomeUnknown`."""
    held = returns(evidence) if evidence.method.rereads else outcome_unknown(evidence)
    return _check("rereads", evidence, held=held.held)


def own_wait(evidence: CallEvidence) -> PromiseCheck:
    """The second request comes no earlier than after our own first wait, on both clocks."""
    gaps = [gap * evidence.speed for gap in evidence.ledger.gaps(evidence.method.operation)]
    held = (
        bool(gaps)
        and gaps[0] >= FIRST_WAIT * 0.95
        and max(evidence.report.waits, default=0) >= FIRST_WAIT
    )
    figures = {"gaps": [round(gap, 2) for gap in gaps], "waits": evidence.report.waits}
    return _check("own_wait", evidence, held=held, **figures)


def outlasts(evidence: CallEvidence) -> PromiseCheck | None:
    """As `survives`; left out where the task plans fewer attempts than outlast the blip."""
    if evidence.method.limits.attempts < CallLimits().attempts:
        return None
    return _check("outlasts", evidence, held=survives(evidence).held)


def survives_lost_answer(evidence: CallEvidence) -> PromiseCheck:
    """As `survives`; a second DELETE may be answered with 404."""
    gone = evidence.method.verb == "DELETE" and "NotFound" in evidence.outcome.family
    return _check("survives", evidence, held=True) if gone else survives(evidence)


def one_effect(evidence: CallEvidence) -> PromiseCheck | None:
    """A call that returned had its effect once; one that failed, at most once.

    A PUT may have none, where it changes nothing.
    """
    if not evidence.method.writes:
        return None
    effects = evidence.ledger.as_json()["effects"]
    if evidence.outcome.kind != "returned":
        held = evidence.effects <= 1
        return _check("no_second_effect", evidence, held=held, effects=effects)
    allowed = (0, 1) if evidence.method.verb == "PUT" else (1,)
    return _check("one_effect", evidence, held=evidence.effects in allowed, effects=effects)


def no_effect(evidence: CallEvidence) -> PromiseCheck | None:
    if not evidence.method.writes:
        return None
    return _check("no_effect", evidence, held=evidence.effects == 0)


def in_time(evidence: CallEvidence) -> PromiseCheck:
    """Each call ends within its deadline, and within the timeouts and waits of its attempts."""
    limits = evidence.method.limits
    outcomes = evidence.report.outcomes
    attempts = max(1, evidence.requests, *(outcome.attempts for outcome in outcomes))
    patience = min(limits.deadline, attempts * limits.timeout + sum(evidence.report.waits))
    bound = patience * SLACK + GRACE
    slowest = max(outcome.seconds for outcome in outcomes)
    held = slowest <= bound and all(outcome.kind != "hung" for outcome in outcomes)
    return _check("in_time", evidence, held=held, seconds=round(slowest, 2), bound=bound)


def within_attempts(evidence: CallEvidence) -> PromiseCheck:
    """No call makes more attempts than planned, and there are no more requests than attempts."""
    outcomes = evidence.report.outcomes
    attempts = max(
        math.ceil(evidence.requests / len(outcomes) / evidence.pages),
        *(outcome.attempts for outcome in outcomes),
    )
    planned = evidence.method.limits.attempts
    return _check(
        "within_attempts", evidence, held=attempts <= planned, tried=attempts, planned=planned
    )


def retry_after(evidence: CallEvidence) -> PromiseCheck:
    """The second request comes after the wait that was asked for, and not long after.

    Checked on both clocks: the gap that the provider measured, and the wait of the wrapper.
    """
    gaps = [gap * evidence.speed for gap in evidence.ledger.gaps(evidence.method.operation)]
    asked = evidence.asked_wait
    held = (
        bool(gaps)
        and gaps[0] >= asked * 0.95
        and max(evidence.report.waits, default=0) <= asked * 2
    )
    figures = {"gaps": [round(gap, 2) for gap in gaps], "waits": evidence.report.waits}
    return _check("retry_after", evidence, held=held, asked=asked, **figures)


def breaker_opens(evidence: CallEvidence) -> PromiseCheck:
    """In the end calls raise `CircuitOpen` and send nothing."""
    calls = len(evidence.report.outcomes)
    held = "CircuitOpen" in evidence.outcome.family and evidence.requests < calls
    return _check("breaker_opens", evidence, held=held, calls=calls, sent=evidence.requests)


def nothing_secret(evidence: CallEvidence) -> PromiseCheck:
    """No credential is in a log line, an exception or the output."""
    return _check("nothing_secret", evidence, held=not evidence.leaked, leaked=evidence.leaked)


def _explained(outcome: CallOutcome) -> bool:
    messages = outcome.messages
    has_text = bool(messages.get("en")) and bool(messages.get("fr"))
    return outcome.kind == "raised" and outcome.typed and has_text


def _check(promise: str, evidence: CallEvidence, *, held: bool, **figures: Any) -> PromiseCheck:
    requests = evidence.ledger.requests(evidence.method.operation)
    values: dict[str, Any] = {
        "outcome": evidence.outcome.type or evidence.outcome.kind,
        "requests": [exchange.as_json() for exchange in requests[:6]],
        **figures,
    }
    return PromiseCheck(promise, held, values, () if held else evidence.findings)
