"""One finding of the doctor, and what it may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noctule.messages import Language
    from noctule.stages.webhooks.routes import WebhookRoute

Severity = Literal["good", "warning", "bad"]


@dataclass(frozen=True)
class DoctorFinding:
    """Something that is well, needs attention soon ("warning") or now ("bad")."""

    severity: Severity
    source: str
    """What was looked at: "secrets", "calls", "webhooks"."""
    check: str
    """`doctor.<source>_<check>` is its text in the catalogue, with the next command."""
    subject: str
    """What it is about: a service, an operation, a route, a variable."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self, language: Language) -> str:
        return say(language, f"doctor.{self.source}_{self.check}", **self.values)

    def next(self, language: Language) -> str:
        """What to run or to do; "" when all is well."""
        return say(language, f"doctor.{self.source}_{self.check}", "next", **self.values)

    def as_json(self, language: Language) -> dict[str, Any]:
        return {
            "severity": self.severity,
            "source": self.source,
            "check": self.check,
            "subject": self.subject,
            "values": dict(self.values),
            "text": self.text(language),
            "next": self.next(language),
        }


@dataclass(frozen=True)
class DoctorContext:
    """What every source of findings is given."""

    folder: Path
    """The project."""
    routes: tuple[WebhookRoute, ...]
    """Of the project's webhooks, or those that were asked for."""
    inbox: str | None
    journal: Path | None
    """The folder of the journal of calls; None when it is off."""
    now: float
    """Seconds since the epoch."""
