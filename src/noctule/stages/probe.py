"""`probe`: where an API document and recorded traffic differ, and an overlay that corrects it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule import apidoc
from noctule.apidoc.loading.load import path_bytes
from noctule.apidoc.overlay.writing import dumps
from noctule.probing import har
from noctule.probing.comparison import compare
from noctule.probing.corrections import corrections
from noctule.probing.discrepancies import Discrepancy, discrepancies
from noctule.project.atomic_write import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Discrepancy", "ProbeReport", "probe_traffic"]


@dataclass(frozen=True)
class ProbeReport:
    """What recorded traffic says of a document."""

    document: apidoc.ApiDocument
    answers: int
    operations: int
    """Operations of the document that the traffic called."""
    corrected: tuple[tuple[Discrepancy, tuple[Mapping[str, Any], ...]], ...]
    """Each discrepancy, with the actions of an overlay that correct the document."""

    @property
    def good(self) -> bool:
        return not self.corrected

    @property
    def correctable(self) -> int:
        """How many discrepancies the overlay corrects."""
        return sum(bool(actions) for _, actions in self.corrected)

    def overlay(self, folder: Path) -> str:
        """The overlay's text, for a file in `folder`."""
        actions = [
            {**action, "description": _evidence(discrepancy), "x-noctule": _facts(discrepancy)}
            for discrepancy, changes in self.corrected
            for action in changes
        ]
        source = self.document.source
        extends = source if "://" in source else os.path.relpath(source, folder)
        title = f"{self.document.title}: corrections from recorded traffic"
        return dumps(title, actions, extends=Path(extends).as_posix() if extends else "")

    def write_overlay(self, path: Path) -> None:
        """Write the overlay. Raises `Problem` (exit 6) if that fails."""
        path = path.absolute()
        write_all(path.parent, {path: self.overlay(path.parent)})

    def as_json(self) -> dict[str, Any]:
        return {
            "document": self.document.source,
            "answers": self.answers,
            "operations": self.operations,
            "differences": [
                {**discrepancy.as_json(), "overlay": [dict(action) for action in actions]}
                for discrepancy, actions in self.corrected
            ],
        }


def probe_traffic(source: str, capture: Path) -> ProbeReport:
    """Compare the document at `source` (path or address) with the HAR capture at `capture`.

    Raises `Problem` for a document or a capture that cannot be read.
    """
    document = apidoc.load(source)
    observations = har.read(path_bytes(capture), place=str(capture))
    judged = compare(document, observations)
    called = {each.operation.key for each in judged if each.operation is not None}
    corrected = corrections(document, discrepancies(judged))
    return ProbeReport(
        document=document,
        answers=len(observations),
        operations=len(called),
        corrected=tuple((discrepancy, tuple(changes)) for discrepancy, changes in corrected),
    )


def _evidence(seen: Discrepancy) -> str:
    return f"{seen.kind} at {seen.operations[0]}: in {seen.times} of {seen.of} answers."


def _facts(seen: Discrepancy) -> dict[str, Any]:
    return {"kind": seen.kind, "verdict": seen.verdict, "status": "proposed",
            "times": seen.times, "of": seen.of}  # fmt: skip
