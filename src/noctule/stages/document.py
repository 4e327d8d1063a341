"""`document`: how good an API document is, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule import apidoc
from noctule.checks.operations import require_operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation, DocumentScore


@dataclass(frozen=True)
class Scored:
    document: ApiDocument
    score: DocumentScore


def score_document(source: str, operations: Iterable[str] = ()) -> Scored:
    """The score of these operations of a document, of all where none is named.

    Raises `Problem` (exit 2) for a document that cannot be read or an operation that it lacks, and
    (exit 6) for an address that cannot be reached.
    """
    document = apidoc.load(source)
    chosen = [require_operation(document, None, reference) for reference in operations]
    return Scored(document, apidoc.score(document, chosen or None))


def operations_matching(
    document: ApiDocument, words: Iterable[str] = ()
) -> tuple[ApiOperation, ...]:
    """The operations whose key, name or summary holds every word, in the document's order."""
    wanted = [word.casefold() for word in words]
    return tuple(
        operation
        for operation in document.operations.values()
        if all(word in f"{operation.key} {operation.id} {operation.summary}".casefold()
               for word in wanted)
    )  # fmt: skip
