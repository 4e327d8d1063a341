"""The faults that each method is called under, as data, and the promises that must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from noctule.proving import promises as p
from noctule.proving.conformity import pages as g
from noctule.proving.conformity import requests as c
from noctule.proving.conformity import responses as r
from noctule.sandbox import Fault

if TYPE_CHECKING:
    from noctule.providers import FailureFact
    from noctule.proving.proven_method import ProvenMethod
    from noctule.sandbox.state.pages import PageKind
    from noctule.sandbox.stated.documented_answers import AnswerKind

ASKED_WAIT = 5
"""Seconds of Retry-After."""
BLIP = 4.0
"""Seconds for which the provider is away: the second and the third attempt are too early."""
KEY_IN_USE = '{"error": {"message": "Another request with this idempotency key is in progress."}}'
STORM = 30
"""Failing calls in a row: enough to open the breaker and to outlast the time for which calls wait
in line, whatever the method retries."""
UNLISTED_CODE = "noctule_refusal"
"""An error code that no pack lists."""
CARD = "4242424242424242"
"""A card number for an error body; it passes the Luhn check, which redaction applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row per method."""

    id: str
    faults: tuple[Fault, ...] = ()
    promises: tuple[p.Promise, ...]
    calls: int = 1
    asked_wait: float = 0.0
    fastest: float = 1000.0
    """The clock runs at most that many times faster, so that a wait of 5 s can be told from the
    delays of a busy machine."""
    only: Literal["", "writes", "json", "json writes", "keyed", "failure"] = ""
    """The methods it applies to: all, those that write, those that read JSON, those that do both,
    those under an idempotency key, those of a provider that reports failures inside a 200."""
    codes: Literal["", "rate_limited", "uncertain"] = ""
    """The list of the pack's `[failure]` that the error code is taken from; "": from none."""
    every_argument: bool = False
    """Called with all arguments, not only with those that are required."""
    serves: AnswerKind | None = None
    """Each call gets another answer of this kind; no row where the document has none."""
    pages: PageKind | None = None
    """The list is iterated over, in such pages."""
    quotes_secrets: bool = False
    """The error body repeats the credentials of the request."""

    def applies(self, method: ProvenMethod) -> bool:
        match self.only:
            case "writes":
                return method.writes
            case "json":
                return method.reads_json
            case "json writes":
                return method.reads_json and method.writes
            case "keyed":
                return method.retry == "with_key"
            case "failure":
                return method.failure is not None and bool(self.code(method.failure))
            case _:
                return True

    def code(self, failure: FailureFact) -> str:
        """The code in the body of a "refused_in_200"; "" where the pack lists none."""
        if not self.codes:
            return UNLISTED_CODE
        codes = failure.rate_limited if self.codes == "rate_limited" else failure.uncertain
        return next(iter(codes), "")


EVERY_CALL: tuple[p.Promise, ...] = (p.in_time, p.within_attempts, p.nothing_secret)
ALWAYS: tuple[p.Promise, ...] = (p.one_effect, *EVERY_CALL)

AS_DOCUMENTED: tuple[p.Promise, ...] = (
    c.right_host,
    c.right_credentials,
    c.right_scopes,
    c.right_accept,
    c.right_request,
)
"""What the requests of one call must be; the fake provider refuses any other in each row."""

FIRST_SET: tuple[Scenario, ...] = (
    Scenario(id="none", promises=(p.returns, *AS_DOCUMENTED, *ALWAYS)),
    Scenario(
        id="every_argument",
        every_argument=True,
        promises=(p.returns, c.arrives, *AS_DOCUMENTED, *ALWAYS),
    ),
    Scenario(
        id="other_success",
        serves="other_success",
        promises=(r.reads_answer, *EVERY_CALL),
    ),
    Scenario(
        id="other_media_type",
        serves="other_media_type",
        promises=(r.reads_answer, *EVERY_CALL),
    ),
    Scenario(
        id="redirect",
        serves="redirect",
        promises=(r.reads_answer, c.right_credentials, *EVERY_CALL),
    ),
    Scenario(
        id="not_modified",
        serves="not_modified",
        every_argument=True,
        promises=(r.reads_answer, *EVERY_CALL),
    ),
    Scenario(id="pages", pages="pages", promises=(g.reads_pages, *EVERY_CALL)),
    Scenario(id="pages_repeat", pages="pages_repeat", promises=(g.stops_repeating, *EVERY_CALL)),
    Scenario(id="pages_lie", pages="pages_lie", promises=(g.survives_lie, *EVERY_CALL)),
    Scenario(
        id="refused",
        faults=(Fault(kind="refuse"),),
        promises=(p.typed_error, p.no_effect, *EVERY_CALL),
    ),
    Scenario(
        id="timeout",
        faults=(Fault(kind="hang", times=None),),
        promises=(p.no_answer, *ALWAYS),
    ),
    Scenario(
        id="status_500_once",
        faults=(Fault(kind="status", status=500),),
        promises=(p.survives, *ALWAYS),
    ),
    Scenario(
        id="blip",
        faults=(Fault(kind="status", status=503, times=None, lasts=BLIP),),
        promises=(p.outlasts, *ALWAYS),
        fastest=25.0,
    ),
    Scenario(
        id="rate_limited",
        faults=(Fault(kind="status", status=429, headers={"retry-after": str(ASKED_WAIT)}),),
        promises=(p.returns, p.retry_after, *ALWAYS),
        asked_wait=ASKED_WAIT,
        fastest=25.0,
    ),
    Scenario(
        id="rate_limited_zero",
        faults=(Fault(kind="status", status=429, headers={"retry-after": "0"}),),
        promises=(p.returns, p.own_wait, *ALWAYS),
        fastest=25.0,
    ),
    Scenario(
        id="invalid_json",
        only="json",
        faults=(Fault(kind="invalid_json", times=None),),
        promises=(p.no_answer, *ALWAYS),
    ),
    Scenario(
        id="invalid_json_once",
        only="json writes",
        faults=(Fault(kind="invalid_json"),),
        promises=(p.rereads, *ALWAYS),
    ),
    Scenario(
        id="answer_lost",
        faults=(Fault(kind="reset", committed=True),),
        promises=(p.survives_lost_answer, *ALWAYS),
    ),
    Scenario(
        id="answers_lost",
        faults=(Fault(kind="reset", committed=True, times=None),),
        promises=(p.no_answer, *ALWAYS),
        only="writes",
    ),
    Scenario(
        id="key_in_use",
        faults=(
            Fault(kind="reset", committed=True),
            Fault(kind="status", status=409, body=KEY_IN_USE),
        ),
        promises=(p.returns, *ALWAYS),
        only="keyed",
    ),
    Scenario(
        id="status_500_after_effect",
        faults=(Fault(kind="status", status=500, committed=True),),
        promises=(p.survives_lost_answer, *ALWAYS),
        only="writes",
    ),
    Scenario(
        id="status_500_to_the_end",
        faults=(Fault(kind="status", status=500, committed=True, times=None),),
        promises=(p.no_answer, *ALWAYS),
        only="writes",
    ),
    Scenario(
        id="truncated",
        faults=(Fault(kind="truncated"),),
        promises=(p.survives_lost_answer, *ALWAYS),
    ),
    Scenario(
        id="new_enum_value",
        only="json",
        faults=(Fault(kind="new_enum_value", times=None),),
        promises=(p.returns, *ALWAYS),
    ),
    Scenario(
        id="missing_field",
        only="json",
        faults=(Fault(kind="missing_field", times=None),),
        promises=(p.no_surprise, *ALWAYS),
    ),
    Scenario(
        id="null_field",
        only="json",
        faults=(Fault(kind="null_field", times=None),),
        promises=(p.no_surprise, *ALWAYS),
    ),
    Scenario(
        id="refused_in_200",
        only="failure",
        faults=(Fault(kind="refused_in_200", times=None),),
        promises=(p.typed_error, p.no_effect, *EVERY_CALL),
    ),
    Scenario(
        id="rate_limited_in_200",
        only="failure",
        codes="rate_limited",
        faults=(Fault(kind="refused_in_200", headers={"retry-after": str(ASKED_WAIT)}),),
        promises=(p.returns, p.retry_after, *ALWAYS),
        asked_wait=ASKED_WAIT,
        fastest=25.0,
    ),
    Scenario(
        id="uncertain_in_200",
        only="failure",
        codes="uncertain",
        faults=(Fault(kind="refused_in_200", committed=True),),
        promises=(p.survives_lost_answer, *ALWAYS),
    ),
    Scenario(
        id="secret_quoted",
        faults=(Fault(kind="status", status=401, times=None),),
        promises=(p.typed_error, p.no_effect, *EVERY_CALL),
        quotes_secrets=True,
    ),
    Scenario(
        id="storm",
        faults=(Fault(kind="status", status=503, times=None),),
        promises=(p.breaker_opens, p.no_effect, *EVERY_CALL),
        calls=STORM,
    ),
)
