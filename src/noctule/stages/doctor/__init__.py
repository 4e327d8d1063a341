"""`doctor`: is everything well, in calls and in webhooks? Nothing is sent.

Each source looks at one thing and yields findings. It is well only if every finding is good.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.problem import Problem
from noctule.runtime.journal.place import journal_folder
from noctule.stages.doctor.calls import check_journal
from noctule.stages.doctor.finding import DoctorContext, DoctorFinding
from noctule.stages.doctor.secrets import check_secrets
from noctule.stages.doctor.webhooks import check_inbox
from noctule.stages.webhooks.routes import find_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from noctule.messages import Language

__all__ = ["Diagnosis", "DoctorFinding", "diagnose"]

SOURCES: tuple[Callable[[DoctorContext], Iterable[DoctorFinding]], ...] = (
    check_secrets,
    check_journal,
    check_inbox,
)


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at, source by source."""

    findings: tuple[DoctorFinding, ...]

    @property
    def good(self) -> bool:
        """Not where nothing is known: in another folder than the service's, for instance."""
        return bool(self.findings) and all(finding.severity == "good" for finding in self.findings)

    def as_json(self, language: Language) -> dict[str, Any]:
        findings = [finding.as_json(language) for finding in self.findings]
        return {"good": self.good, "findings": findings}


def diagnose(
    folder: Path,
    providers: Sequence[str] = (),
    *,
    inbox: str | None = None,
    journal: Path | None = None,
) -> Diagnosis:
    """Look at the project in `folder`, at its inbox and its journal, or at those given.

    `providers` limits the webhooks to these routes. Raises `Problem`.
    """
    try:
        routes = find_routes(folder, providers)
    except Problem:
        if providers:
            raise
        routes = []
    place = journal or journal_folder()
    context = DoctorContext(folder, tuple(routes), inbox, place and folder / place, time.time())
    return Diagnosis(tuple(finding for source in SOURCES for finding in source(context)))
