"""`document`: how complete an API document is, and what it contains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule import apidoc
from noctule.apidoc import ApiDocument, ApiOperation, DocumentScore
from noctule.apidoc.overlay import amendment
from noctule.apidoc.quality.score import ScoreLine
from noctule.checks.operations import require_operation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from noctule.messages import Language

__all__ = [
    "ApiOperation",
    "ScoreLine",
    "ScoredDocument",
    "document_json",
    "list_operations",
    "operation_json",
    "score_document",
]


@dataclass(frozen=True)
class ScoredDocument:
    """A document with its score."""

    document: ApiDocument
    score: DocumentScore

    def good(self, minimum: int = 0) -> bool:
        """Whether `integrate` could build on it, and its score is at least `minimum`."""
        return not self.score.blocking and self.score.points >= minimum

    def as_json(self, language: Language) -> dict[str, Any]:
        document, score = self.document, self.score
        return {
            "document": document.source,
            "title": document.title,
            "version": document.version,
            "format": document.dialect,
            "operations": score.operations,
            "score": score.points,
            "percentile": score.percentile,
            "stops": score.blocking,
            "findings": [
                {
                    "kind": line.kind,
                    "stops": line.blocking,
                    "points": line.points,
                    "text": line.gaps[0].text(language),
                    "fix": line.gaps[0].fix(language),
                    "places": [
                        {"operation": gap.operation, "pointer": gap.pointer, "detail": gap.detail}
                        for gap in line.gaps
                    ],
                }
                for line in score.lines
            ],
        }


def score_document(source: str, operations: Iterable[str] = ()) -> ScoredDocument:
    """The score of a document (path, address or "-"), for all its operations or those named.

    Raises `Problem` for a document that cannot be read or an operation that it lacks (exit 2), and
    for an address that cannot be reached (exit 6).
    """
    document = apidoc.load(source)
    selected = [require_operation(document, None, reference) for reference in operations]
    return ScoredDocument(document, apidoc.score(document, selected or None))


def list_operations(source: str, words: Iterable[str] = ()) -> tuple[ApiOperation, ...]:
    """The operations whose key, id or summary contains every word, in the document's order.

    Raises `Problem` as `score_document` does.
    """
    document = apidoc.load(source)
    folded = [word.casefold() for word in words]
    return tuple(
        operation
        for operation in document.operations.values()
        if all(word in f"{operation.key} {operation.id} {operation.summary}".casefold()
               for word in folded)
    )  # fmt: skip


def operation_json(operation: ApiOperation) -> dict[str, Any]:
    return {
        "key": operation.key,
        "id": operation.operation_id,
        "summary": operation.summary,
        "tags": list(operation.tags),
        "deprecated": operation.deprecated,
        "pointer": operation.pointer,
    }


def document_json(source: str, overlay: Path | None = None) -> dict[str, Any]:
    """The document as noctule reads it: a Postman collection or a HAR capture as OpenAPI, after the
    actions of `overlay`.

    Raises `Problem` as `score_document` does, and for an overlay that cannot be applied (exit 2).
    """
    return dict(
        apidoc.load(source, amend=amendment(overlay, place=str(overlay)) if overlay else None).raw
    )
