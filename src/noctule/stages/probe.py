"""`probe`: where an API document and the provider differ, and an overlay that corrects it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule import apidoc
from noctule.apidoc.loading.load import path_bytes
from noctule.apidoc.overlay.writing import dumps
from noctule.checks.choices import Said, choices_for
from noctule.checks.operations import require_operation
from noctule.planning.select.naming import slug
from noctule.probing import har
from noctule.probing.comparison import compare
from noctule.probing.corrections import corrections
from noctule.probing.discrepancies import Discrepancy, discrepancies
from noctule.probing.live.access import refuse_production
from noctule.probing.live.itinerary import Step, itinerary
from noctule.problem import Exit, Problem
from noctule.project.atomic_write import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.probing.live.prober import ProbeRun
    from noctule.probing.observation import Observation

__all__ = [
    "Discrepancy",
    "ProbeReport",
    "SandboxOptions",
    "Step",
    "probe_sandbox",
    "probe_traffic",
    "refuse_existing",
    "steps_of",
]


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """How a sandbox is called."""

    base_url: str
    writes: bool = False
    """Also create, change and delete objects."""
    calls: int = 60
    """The most calls."""
    per_second: float = 5.0
    operations: Sequence[str] = ()
    """Only these; all of the document by default."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of path parameters that no operation makes, by name."""
    auth: str = ""
    """How to authenticate, where the document does not say."""


@dataclass(frozen=True)
class ProbeReport:
    """What recorded traffic says of a document."""

    document: apidoc.ApiDocument
    answers: int
    operations: int
    """Operations of the document that the traffic called."""
    run: ProbeRun | None
    """What was done in the sandbox; None for recorded traffic."""
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
        origin = "recorded traffic" if self.run is None else "its sandbox"
        title = f"{self.document.title}: corrections from {origin}"
        return dumps(title, actions, extends=Path(extends).as_posix() if extends else "")

    def write_overlay(self, path: Path) -> None:
        """Write the overlay. Raises `Problem` for a file that is there, which may hold a person's
        decisions (exit 2), and if writing fails (exit 6)."""
        path = path.absolute()
        refuse_existing(path)
        write_all(path.parent, {path: self.overlay(path.parent)})

    def as_json(self) -> dict[str, Any]:
        return {
            "document": self.document.source,
            "answers": self.answers,
            "operations": self.operations,
            **(
                {}
                if self.run is None
                else {
                    "made": self.run.made,
                    "left": self.run.left,
                    "spent": self.run.spent,
                    "broken": self.run.broken,
                    "interrupted": self.run.interrupted,
                }
            ),
            "differences": [
                {**discrepancy.as_json(), "overlay": [dict(action) for action in actions]}
                for discrepancy, actions in self.corrected
            ],
        }


def refuse_existing(overlay: Path) -> None:
    """Raises `Problem` (exit 2) if there is such a file."""
    if overlay.exists():
        raise Problem("probing.overlay_exists", exit=Exit.USAGE, place=str(overlay))


def probe_traffic(source: str, capture: Path) -> ProbeReport:
    """Compare the document at `source` (path or address) with the HAR capture at `capture`.

    Raises `Problem` for a document or a capture that cannot be read.
    """
    document = apidoc.load(source)
    return _report(document, har.read(path_bytes(capture), place=str(capture)), None)


def steps_of(source: str, options: SandboxOptions) -> list[Step]:
    """The calls that `probe_sandbox` would make, in order; nothing is sent.

    Raises `Problem` for a document that cannot be read, or an operation that it lacks.
    """
    _, steps = _planned(source, options)
    return steps


def probe_sandbox(
    source: str, options: SandboxOptions, environment: Mapping[str, str]
) -> ProbeReport:
    """Call the sandbox and compare its answers with the document at `source`.

    Raises `Problem` for a document that cannot be read, a missing or a live key, an address that
    the document names as production, and a sandbox that cannot be reached.
    """
    from noctule.probing.live.access import access_of
    from noctule.probing.live.client import SandboxClient
    from noctule.probing.live.prober import Prober

    document, steps = _planned(source, options)
    refuse_production(document, options.base_url)
    operations = list(dict.fromkeys(step.operation for step in steps))
    prefix = slug(document.title).upper()
    access = access_of(document, operations, prefix, environment)
    client = SandboxClient(options.base_url, access, options.calls, options.per_second)
    try:
        run = Prober(client, options.values).walk(steps)
    finally:
        client.close()
    return _report(document, client.observations, run)


def _planned(source: str, options: SandboxOptions) -> tuple[apidoc.ApiDocument, list[Step]]:
    document = apidoc.load(source)
    document = document.chosen(choices_for(Said(auth=options.auth), document, None))
    selected = [require_operation(document, None, each) for each in options.operations]
    operations = selected or list(document.operations.values())
    steps = itinerary(document, operations, writes=options.writes)
    if not steps:
        raise Problem("probing.no_steps", exit=Exit.USAGE, place=document.source)
    return document, steps


def _report(
    document: apidoc.ApiDocument, observations: list[Observation], run: ProbeRun | None
) -> ProbeReport:
    judged = compare(document, observations)
    called = {each.operation.key for each in judged if each.operation is not None}
    corrected = corrections(document, discrepancies(judged))
    return ProbeReport(
        document=document,
        answers=len(observations),
        operations=len(called),
        run=run,
        corrected=tuple((discrepancy, tuple(changes)) for discrepancy, changes in corrected),
    )


def _evidence(seen: Discrepancy) -> str:
    return f"{seen.kind} at {seen.operations[0]}: in {seen.times} of {seen.of} answers."


def _facts(seen: Discrepancy) -> dict[str, Any]:
    return {"kind": seen.kind, "verdict": seen.verdict, "status": "proposed",
            "times": seen.times, "of": seen.of}  # fmt: skip
