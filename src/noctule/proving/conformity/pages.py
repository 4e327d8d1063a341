"""Whether an iterator reads all pages of a list, and leaves a provider that deceives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.proving.matrix import PromiseCheck
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.state.pages import PAGES, SIZE

if TYPE_CHECKING:
    from noctule.proving.promises import CallEvidence

MOST_REQUESTS = PAGES + 1
"""Some lists end with an empty page only."""


def reads_pages(evidence: CallEvidence) -> PromiseCheck:
    """The iterator gives every item, once, and asks for no page twice."""
    outcome = evidence.outcome
    every = outcome.kind == "returned" and outcome.result.length == PAGES * SIZE
    held = every and evidence.requests <= MOST_REQUESTS
    return _check("reads_pages", evidence, held=held, there=f"{PAGES * SIZE} items, {PAGES} pages")


def stops_repeating(evidence: CallEvidence) -> PromiseCheck:
    """The same page again ends the iteration with a typed error."""
    held = evidence.outcome.typed and evidence.requests <= MOST_REQUESTS
    return _check("stops_repeating", evidence, held=held, there="the same page again")


def survives_lie(evidence: CallEvidence) -> PromiseCheck:
    """Where fewer items are there than promised, those are given; or a typed error is raised."""
    outcome = evidence.outcome
    every = outcome.kind == "returned" and outcome.result.length == SIZE
    held = (every or outcome.typed) and evidence.requests <= MOST_REQUESTS
    return _check("survives_lie", evidence, held=held, there=f"{SIZE} items, more promised")


def _check(promise: str, evidence: CallEvidence, *, held: bool, there: str) -> PromiseCheck:
    outcome = evidence.outcome
    read = f"{outcome.result.length} items" if outcome.kind == "returned" else outcome.type
    finding = RequestFinding(
        "pages",
        evidence.method.operation,
        f"{read or outcome.kind}, {evidence.requests} requests",
        there,
        evidence.method.pointer,
    )
    findings = () if held else (*evidence.findings, finding)
    return PromiseCheck(promise, held, {}, findings)
