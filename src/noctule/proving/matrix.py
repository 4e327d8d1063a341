"""The matrix: fault by fault, what the wrapper did, and whether each promise held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.messages import Language, say

if TYPE_CHECKING:
    from collections.abc import Mapping


EVERYWHERE = ("in_time", "within_attempts", "nothing_secret")
"""Promises of every call, said once below the table."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise on one row. `evidence` comes from the fake's ledger and the driver's report."""

    promise: str
    """Id: "one_effect", "ends_in_time" …; its text is in the catalogue."""
    held: bool
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Did:
    """What the wrapper did under a fault."""

    outcome: str
    """Name of the type returned or raised, "hung", or the statuses a webhook answered with."""
    kind: str
    """"returned", "raised", "hung" or "answered"."""
    requests: int = 0
    """On the wire, as the fake counted them."""
    effects: int = 0
    waits: tuple[float, ...] = ()
    """Seconds asked of the clock between attempts, in order."""
    seconds: float = 0.0
    """From start to end, on the clock that the wrapper was given."""

    def text(self, language: Language) -> str:
        if self.kind == "answered":
            return self.outcome
        counted = say(language, "proving.counted", requests=self.requests, effects=self.effects)
        return f"{self.ending(language)} · {counted} · {self.seconds:.1f} s"

    def ending(self, language: Language) -> str:
        """How it ended, in a word or two."""
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
class Row:
    """One fault on one method, or one way of delivery of one event."""

    fault: str
    """Id: "refused", "status_500_once" …; its text is in the catalogue."""
    method: str
    """Method of the wrapper, or name of the event."""
    did: Did
    checks: tuple[Check, ...]

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)

    @property
    def broken(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.held)

    def promises(self, language: Language) -> str:
        """What is broken; else what this row promises beyond the promises of every call."""
        own = [check for check in self.checks if check.promise not in EVERYWHERE]
        return "; ".join(
            say(language, f"proving.promise_{check.promise}") for check in self.broken or own
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault,
            "method": self.method,
            "did": self.did.as_json(),
            "held": self.held,
            "promises": [
                {"promise": check.promise, "held": check.held, "evidence": dict(check.evidence)}
                for check in self.checks
            ],
        }


@dataclass(frozen=True, slots=True)
class Matrix:
    rows: tuple[Row, ...]
    speed: float
    """How many times faster than the machine's the wrapper's clock ran."""
    seconds: float
    """Real time that the proof took."""
    left_out: tuple[str, ...] = ()
    """Methods that were not called, where only a few of many were to be."""

    @property
    def held(self) -> bool:
        """Every promise of every row; False when there is no row, for nothing was proven."""
        return bool(self.rows) and all(row.held for row in self.rows)

    @property
    def promises(self) -> tuple[int, int]:
        """Promises held, and promises in all."""
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

    def text(self, language: Language = "en") -> str:
        """A plain table, one line per row, and the evidence of what is broken below it."""
        from noctule.proving.table import table

        return table(self, language)

    def summary(self, language: Language = "en") -> str:
        """The same with one line per fault; it says nothing that differs from run to run."""
        from noctule.proving.table import summary

        return summary(self, language)
