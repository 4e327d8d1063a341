"""The faults that each method goes through, as data, and what is promised under each."""

from __future__ import annotations

from dataclasses import dataclass

from noctule.proving import promises as p
from noctule.sandbox import Fault

ASKED_WAIT = 2
"""Seconds of Retry-After."""
STORM = 14
"""Calls, each of them failing: more than the breaker needs to open, whatever the method retries."""
CARD = "4242424242424242"
"""A card number in an error body; it passes the Luhn check, as redaction requires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row per method."""

    id: str
    faults: tuple[Fault, ...] = ()
    promises: tuple[p.Promise, ...]
    calls: int = 1
    asked_wait: float = 0.0
    writes_only: bool = False
    quotes_secrets: bool = False
    """The error's body repeats the credentials that it was sent."""


ALWAYS: tuple[p.Promise, ...] = (p.one_effect, p.in_time, p.within_attempts, p.nothing_secret)

FIRST_SET: tuple[Scenario, ...] = (
    Scenario(id="none", promises=(p.returns, *ALWAYS)),
    Scenario(
        id="refused",
        faults=(Fault(kind="refuse"),),
        promises=(p.typed_error, p.no_effect, p.in_time, p.within_attempts, p.nothing_secret),
    ),
    Scenario(
        id="timeout",
        faults=(Fault(kind="hang", times=None),),
        promises=(p.typed_error, *ALWAYS),
    ),
    Scenario(
        id="status_500_once",
        faults=(Fault(kind="status", status=500),),
        promises=(p.survives, *ALWAYS),
    ),
    Scenario(
        id="rate_limited",
        faults=(Fault(kind="status", status=429, headers={"retry-after": str(ASKED_WAIT)}),),
        promises=(p.returns, p.retry_after, *ALWAYS),
        asked_wait=ASKED_WAIT,
    ),
    Scenario(
        id="invalid_json",
        faults=(Fault(kind="invalid_json", times=None),),
        promises=(p.typed_error, *ALWAYS),
    ),
    Scenario(
        id="answer_lost",
        faults=(Fault(kind="reset", committed=True),),
        promises=(p.survives_lost_answer, *ALWAYS),
    ),
    Scenario(
        id="status_500_after_effect",
        faults=(Fault(kind="status", status=500, committed=True),),
        promises=(p.survives_lost_answer, *ALWAYS),
        writes_only=True,
    ),
    Scenario(
        id="truncated",
        faults=(Fault(kind="truncated"),),
        promises=(p.survives_lost_answer, *ALWAYS),
    ),
    Scenario(
        id="new_enum_value",
        faults=(Fault(kind="new_enum_value", times=None),),
        promises=(p.returns, *ALWAYS),
    ),
    Scenario(
        id="missing_field",
        faults=(Fault(kind="missing_field", times=None),),
        promises=(p.no_surprise, *ALWAYS),
    ),
    Scenario(
        id="null_field",
        faults=(Fault(kind="null_field", times=None),),
        promises=(p.no_surprise, *ALWAYS),
    ),
    Scenario(
        id="secret_quoted",
        faults=(Fault(kind="status", status=401, times=None),),
        promises=(p.typed_error, p.no_effect, p.in_time, p.within_attempts, p.nothing_secret),
        quotes_secrets=True,
    ),
    Scenario(
        id="storm",
        faults=(Fault(kind="status", status=503, times=None),),
        promises=(p.breaker_opens, p.no_effect, p.nothing_secret),
        calls=STORM,
    ),
)
