"""Whether a wrapper reads every answer that the document has, as promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from noctule.json_types import is_object
from noctule.proving.matrix import PromiseCheck
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.schema_shape import properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.proving.promises import CallEvidence
    from noctule.proving.report import CallOutcome, ResultDigest
    from noctule.sandbox.ledger import Exchange


def reads_answer(evidence: CallEvidence) -> PromiseCheck:
    """Each documented answer is returned, with the members that it has."""
    served = [each for each in evidence.ledger.requests(evidence.method.operation) if each.served]
    pairs = zip(evidence.report.outcomes, served, strict=False)
    unread = tuple(finding for outcome, each in pairs for finding in _unread(outcome, each))
    none = not served and not evidence.findings
    return PromiseCheck("reads_answer", not unread and not none, {}, unread)


def _unread(outcome: CallOutcome, exchange: Exchange) -> Iterator[RequestFinding]:
    """At most one finding about one answer."""
    answer = exchange.served
    if answer is None:
        return
    what = f"{answer.status} {answer.media_type}".strip()
    if outcome.kind != "returned":
        lost = outcome.type or outcome.kind
    elif outcome.untrue:
        lost = ", ".join(outcome.untrue)
    else:
        lost = _lost(outcome.result, exchange)
    if lost:
        yield RequestFinding("unread", exchange.operation, lost, what, answer.pointer)


def _lost(result: ResultDigest, exchange: Exchange) -> str:
    """What the answer says and the result does not; "" for nothing. A result of another kind than
    the body is what the wrapper makes of it."""
    answer = exchange.served
    if answer is None or answer.media is None:
        return ""
    body = _json(exchange.content) if "json" in answer.media_type else None
    named = properties(answer.media.schema) if answer.media.schema is not None else {}
    if result.kind == "object" and is_object(body):
        said = {name for name, value in body.items() if value is not None and name in named}
        return ", ".join(sorted(said - {*result.members}))
    return "None" if result.kind == "nothing" else ""


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None
