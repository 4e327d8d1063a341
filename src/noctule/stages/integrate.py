"""`integrate`: what planning, generating, testing and proving came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noctule.stages.generate import Generated
    from noctule.stages.next_steps import NextSteps
    from noctule.stages.plan import Planned
    from noctule.stages.prove import Matrix
    from noctule.stages.test import TestReport


@dataclass(frozen=True)
class IntegrationResult:
    """The results of the stages; `matrix` and `steps` are None after a dry run."""

    planned: Planned
    generated: Generated
    tests: TestReport | None = None
    """None if the task has no tests, or the user deleted them."""
    matrix: Matrix | None = None
    steps: NextSteps | None = None

    @property
    def dry_run(self) -> bool:
        return self.matrix is None

    @property
    def good(self) -> bool:
        """Whether every test passed and every promise held."""
        passed = self.tests is None or self.tests.green
        return passed and (self.matrix is None or self.matrix.held)

    @property
    def conflict(self) -> bool:
        """Whether a conflict was left to the user; a dry run leaves nothing."""
        return self.generated.conflict and not self.dry_run

    def as_json(self) -> dict[str, Any]:
        result = self.planned.as_json(dry_run=self.dry_run)
        result["files"] = self.generated.files_json(diffs=self.dry_run)
        if self.tests is not None:
            result["tests"] = self.tests.as_json()
        if self.matrix is not None:
            result["proof"] = self.matrix.as_json()
        if self.steps is not None:
            result["env_vars"] = [variable.name for variable in self.steps.variables]
            result["mount"] = list(self.steps.mount)
            result["start"] = list(self.steps.start)
            result["next"] = self.steps.command
        return result
