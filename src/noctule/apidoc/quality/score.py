"""How complete a document is, as a number from 0 to 100, and what would raise it.

An operation earns the weight of each check that applies and passes; the checks of the document as
a whole count for a tenth. docs/documents.md has the formula and the weights.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from noctule.apidoc.quality.flaws import flaws, of_operation
from noctule.apidoc.quality.gaps import Gap, gaps, lists, missing, missing_overall, writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc.model.document import ApiDocument
    from noctule.apidoc.model.operation import ApiOperation

WEIGHTS: Mapping[str, int] = {
    "response_schema": 20, "error_responses": 15, "auth": 15, "error_schema": 8,
    "error_statuses": 5, "unauthorized": 5, "rate_limit": 7, "idempotency": 7, "pagination": 7,
    "example": 6, "description": 4, "operation_id": 3,
}  # fmt: skip
"""The weight of each check for an operation; the three that stop a wrapper make up half."""
SOUND = 10
"""The weight of having no flaws."""
DOCUMENT_WEIGHTS: Mapping[str, int] = {
    "servers": 5, "webhooks": 2, "webhook_signature": 2, "sandbox": 2, "version": 1,
}  # fmt: skip
DOCUMENT_SHARE = 10
"""Points of the document's own checks, of 100."""
IMPLIED: Mapping[str, tuple[str, ...]] = {
    "error_responses": ("error_schema", "error_statuses", "unauthorized"),
    "servers": ("sandbox",),
    "webhooks": ("webhook_signature",),
}
"""Checks that also fail when another one fails: they cost points, but are not reported twice."""
PUBLIC_SCORES = Path(__file__).with_name("public_scores.toml")


@dataclass(frozen=True)
class ScoreLine:
    """One kind of gap: the points it costs, and where it is."""

    kind: str
    points: float
    gaps: tuple[Gap, ...]

    @property
    def blocking(self) -> bool:
        return self.gaps[0].blocking


@dataclass(frozen=True)
class DocumentScore:
    """`points` from 0 to 100; the lines' points and it make 100 together, but for rounding.

    `percentile` is the share, in percent, of public documents that score less.
    """

    points: int
    percentile: int
    operations: int
    lines: tuple[ScoreLine, ...]

    @property
    def blocking(self) -> bool:
        """Whether `integrate` would refuse to wrap these operations."""
        return any(line.blocking for line in self.lines)


def findings(
    document: ApiDocument, operations: Iterable[ApiOperation] | None = None
) -> tuple[Gap, ...]:
    """All gaps and flaws of these operations (by default all), blocking gaps first.

    `gaps` are what the gate reads; `flaws` say where the document contradicts itself.
    """
    selected = tuple(document.operations.values() if operations is None else operations)
    return (*gaps(document, selected), *flaws(document, selected))


def score(document: ApiDocument, operations: Iterable[ApiOperation] | None = None) -> DocumentScore:
    """The score of these operations, by default all."""
    selected = tuple(document.operations.values() if operations is None else operations)
    by_kind: dict[str, list[Gap]] = defaultdict(list)
    for gap in findings(document, selected):
        by_kind[gap.kind].append(gap)
    lost = losses(document, selected)
    lines = [
        ScoreLine(kind, round(lost.get(kind, 0.0), 1), tuple(gaps_of_kind))
        for kind, gaps_of_kind in by_kind.items()
    ]
    lines.sort(key=lambda line: (not line.blocking, -line.points, line.kind))
    points = max(0, min(100, round(100 - sum(lost.values()))))
    return DocumentScore(points, percentile(points), len(selected), tuple(lines))


def losses(document: ApiDocument, operations: tuple[ApiOperation, ...]) -> Mapping[str, float]:
    """Kind -> points lost by it, of 100."""
    lost: dict[str, float] = defaultdict(float)
    if not operations:
        return {"no_paths": 100.0}
    share = (100 - DOCUMENT_SHARE) / len(operations)
    for operation in operations:
        for kind, part in lost_by(document, operation):
            lost[kind] += part * share
    whole = sum(DOCUMENT_WEIGHTS.values())
    for kind, _ in missing_overall(document):
        for name in (kind, *IMPLIED.get(kind, ())):
            lost[kind] += DOCUMENT_SHARE * DOCUMENT_WEIGHTS[name] / whole
    return lost


def lost_by(document: ApiDocument, operation: ApiOperation) -> Iterable[tuple[str, float]]:
    """Kind, and the share of the operation's points that it costs, from 0 to 1."""
    possible = sum(weight for kind, weight in WEIGHTS.items() if applies(kind, operation)) + SOUND
    for kind, _ in missing(document, operation):
        for name in (kind, *IMPLIED.get(kind, ())):
            if applies(name, operation):
                yield kind, WEIGHTS[name] / possible
    kinds = sorted({kind for kind, _, _ in of_operation(document, operation)})
    for kind in kinds:
        yield kind, SOUND / len(kinds) / possible


def applies(kind: str, operation: ApiOperation) -> bool:
    """Whether a check applies to the operation."""
    match kind:
        case "pagination":
            return lists(operation)
        case "idempotency":
            return writes(operation)
        case "unauthorized":
            return not operation.public
        case _:
            return True


def percentile(points: int) -> int:
    """The share of public documents below these points, in whole percent, rounded down."""
    counts = public_scores()
    return 100 * sum(counts[:points]) // sum(counts)


@cache
def public_scores() -> tuple[int, ...]:
    """How many public documents have each score, from 0 to 100."""
    return tuple(tomllib.loads(PUBLIC_SCORES.read_text(encoding="utf-8"))["documents"])
