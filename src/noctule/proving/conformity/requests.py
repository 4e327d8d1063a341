"""Whether the requests of a call are what the document asks for, as promises.

The findings are the fake provider's, which reads the document by itself (`noctule.sandbox.stated`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.proving.conformity.arrival import arrival
from noctule.proving.matrix import PromiseCheck
from noctule.sandbox.finding import KINDS

if TYPE_CHECKING:
    from noctule.proving.promises import CallEvidence
    from noctule.sandbox.finding import FindingKind

HOST: frozenset[FindingKind] = frozenset({"host", "no_operation"})
CREDENTIALS: frozenset[FindingKind] = frozenset(
    {"credential_missing", "credential_extra", "credential_public", "credential_elsewhere"}
)
SCOPES: frozenset[FindingKind] = frozenset({"scope"})
ACCEPT: frozenset[FindingKind] = frozenset({"accept"})
OTHERS: frozenset[FindingKind] = frozenset(KINDS) - HOST - CREDENTIALS - SCOPES - ACCEPT


def right_host(evidence: CallEvidence) -> PromiseCheck:
    """Each request goes to a server, a path and a method that the document has."""
    return _without("right_host", HOST, evidence)


def right_credentials(evidence: CallEvidence) -> PromiseCheck:
    """Each request carries the credentials that its operation wants, and no others."""
    return _without("right_credentials", CREDENTIALS, evidence)


def right_scopes(evidence: CallEvidence) -> PromiseCheck:
    """The access token was requested with the scopes of the operation."""
    return _without("right_scopes", SCOPES, evidence)


def right_accept(evidence: CallEvidence) -> PromiseCheck:
    """The request accepts a documented media type of each documented success."""
    return _without("right_accept", ACCEPT, evidence)


def right_request(evidence: CallEvidence) -> PromiseCheck:
    """Parameters and body are written as the document says, and none is missing or too many."""
    return _without("right_request", OTHERS, evidence)


def arrives(evidence: CallEvidence) -> PromiseCheck | None:
    """Every argument arrives at its documented place as it was given; left out where nothing was
    admitted, which other promises tell."""
    requests = evidence.ledger.requests(evidence.method.operation)
    values = next((each.values for each in reversed(requests) if each.values), None)
    if values is None:
        return None
    given = evidence.method.given
    findings = tuple(
        finding
        for name in evidence.report.given
        if name in given
        for finding in arrival(evidence.method.operation, name, given[name], values)
    )
    return PromiseCheck("arrives", not findings, {}, findings)


def _without(promise: str, kinds: frozenset[FindingKind], evidence: CallEvidence) -> PromiseCheck:
    findings = tuple(each for each in evidence.findings if each.kind in kinds)
    return PromiseCheck(promise, not findings, {}, findings)
