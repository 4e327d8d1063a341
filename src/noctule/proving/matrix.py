"""The matrix: what the wrapper did under each fault, and whether each promise held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.messages import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.sandbox.finding import RequestFinding

EVERYWHERE = ("in_time", "within_attempts", "nothing_secret")
"""Promises of every call, printed once below the table."""
AS_DOCUMENTED = (
    "right_host",
    "right_credentials",
    "right_scopes",
    "right_accept",
    "right_request",
)
"""Promises that are printed as one while they hold."""


@dataclass(frozen=True, slots=True)
class PromiseCheck:
    """One promise on one row. `evidence` comes from the fake provider's ledger and the driver."""

    promise: str
    """Id: "one_effect", "ends_in_time" …; its text is in the catalogue."""
    held: bool
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])
    findings: tuple[RequestFinding, ...] = ()
    """How the requests differ from the document, where the promise was broken."""

    def as_json(self) -> dict[str, Any]:
        written = {"promise": self.promise, "held": self.held, "evidence": dict(self.evidence)}
        findings = [finding.as_json() for finding in self.findings]
        return {**written, "findings": findings} if findings else written


@dataclass(frozen=True, slots=True)
class Observed:
    """What the wrapper did under a fault."""

    outcome: str
    """Name of the type returned or raised, "hung", or the statuses a webhook answered with."""
    kind: str
    """"returned", "raised", "hung" or "answered"."""
    requests: int = 0
    """Requests that the fake provider received."""
    effects: int = 0
    waits: tuple[float, ...] = ()
    """Seconds waited between attempts, in order."""
    seconds: float = 0.0
    """From start to end, on the wrapper's clock."""

    def text(self, language: Language) -> str:
        if self.kind == "answered":
            return self.outcome
        counted = say(language, "proving.counted", requests=self.requests, effects=self.effects)
        return f"{self.ending(language)} · {counted} · {self.seconds:.1f} s"

    def ending(self, language: Language) -> str:
        """How the call ended, in a word or two."""
        if self.kind == "answered":
            return self.outcome
        return say(language, f"proving.{self.kind}", outcome=self.outcome)

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "outcome": self.outcome,
            "requests": self.requests,
            "effects": self.effects,
            "waits": [round(wait, 3) for wait in self.waits],
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One fault on one method, or one delivery case of one event."""

    fault: str
    """Id: "refused", "status_500_once" …; its text is in the catalogue."""
    method: str
    """Method of the wrapper, or name of the event."""
    observed: Observed
    checks: tuple[PromiseCheck, ...]

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)

    @property
    def broken(self) -> tuple[PromiseCheck, ...]:
        return tuple(check for check in self.checks if not check.held)

    def promises(self, language: Language) -> str:
        """The broken promises, else those of this row that not every call has."""
        names = [check.promise for check in self.broken or self.checks]
        if not self.broken:
            shown = ("as_documented" if name in AS_DOCUMENTED else name for name in names)
            names = list(dict.fromkeys(name for name in shown if name not in EVERYWHERE))
        return "; ".join(say(language, f"proving.promise_{name}") for name in names)

    def as_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault,
            "method": self.method,
            "observed": self.observed.as_json(),
            "held": self.held,
            "promises": [check.as_json() for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Matrix:
    rows: tuple[MatrixRow, ...]
    speed: float
    """How many times faster the wrapper's clock ran than the machine's."""
    seconds: float
    """Real time that the proof took."""
    left_out: tuple[str, ...] = ()
    """Methods that were not called, because `few` was set."""

    @property
    def held(self) -> bool:
        """Whether all promises of all rows held; False when there is no row."""
        return bool(self.rows) and all(row.held for row in self.rows)

    @property
    def promises(self) -> tuple[int, int]:
        """The number of promises that held, and of all promises."""
        checks = [check for row in self.rows for check in row.checks]
        return sum(check.held for check in checks), len(checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "held": self.held,
            "promises": {"held": self.promises[0], "total": self.promises[1]},
            "speed": self.speed,
            "seconds": round(self.seconds, 2),
            "left_out": list(self.left_out),
            "rows": [row.as_json() for row in self.rows],
        }
