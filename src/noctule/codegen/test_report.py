"""The result of running generated tests, whatever runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TestReport:
    """The result of one run."""

    __test__ = False

    paths: tuple[str, ...]
    """The test files and folders that were run."""
    passed: int
    failed: int
    skipped: int
    failures: tuple[tuple[str, str], ...]
    """Test ids, each with the first line of its reason."""
    output: str

    @property
    def green(self) -> bool:
        return not self.failed and self.passed > 0

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "failures": [{"test": test, "reason": reason} for test, reason in self.failures],
        }
