"""`document`: how good an API document is, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from noctule import apidoc
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, Operation, Score


@dataclass(frozen=True)
class Scored:
    document: ApiDocument
    score: Score


def score_document(source: str, operations: Iterable[str] = ()) -> Scored:
    """The score of these operations of a document, of all where none is named.

    Raises `Problem` (exit 2) for a document that cannot be read or an operation that it lacks, and
    (exit 6) for an address that cannot be reached.
    """
    document = apidoc.load(source)
    chosen = [operation_of(document, reference) for reference in operations]
    return Scored(document, apidoc.score(document, chosen or None))


def operation_of(document: ApiDocument, reference: str) -> Operation:
    """The operation "POST /x", or the one of an operationId. Raises `Problem` with the nearest."""
    found = document.find(reference)
    if found is None:
        near = get_close_matches(reference, list(document.operations), n=1, cutoff=0.0)
        raise Problem(
            "stages.operation_unknown",
            exit=Exit.USAGE,
            place=reference,
            document=document.source,
            near="".join(near),
        )
    return found


def operations_of(document: ApiDocument, words: Iterable[str] = ()) -> tuple[Operation, ...]:
    """The operations whose key, name or summary holds every word, in the document's order."""
    wanted = [word.casefold() for word in words]
    return tuple(
        operation
        for operation in document.operations.values()
        if all(word in f"{operation.key} {operation.id} {operation.summary}".casefold()
               for word in wanted)
    )  # fmt: skip
