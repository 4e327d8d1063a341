"""Stage `test`: the generated tests, run in the user's project with the user's Python."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from noctule.codegen.python.files import suite_folder
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project

TIME_LIMIT = 120.0
"""Seconds after which a test run that hangs is stopped."""
WHOLE_LIMIT = 1800.0
"""The same for the tests of a whole API, thousands for a large one."""


@dataclass(frozen=True)
class TestReport:
    """What pytest said; `failures` are test ids with the first line of each reason."""

    __test__ = False

    passed: int
    failed: int
    skipped: int
    failures: tuple[tuple[str, str], ...]
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


def suites_of(project: Project, task: IntegrationTask) -> tuple[str, ...]:
    """The test file of the task and, for a whole API, the folder of the others; those that are
    there."""
    if not task.tests:
        return ()
    whole = (suite_folder(task.tests),) if task.scope == "whole" else ()
    return tuple(path for path in (task.tests, *whole) if (project.root / path).exists())


def run_tests(project: Project, *tests: str, limit: float = TIME_LIMIT) -> TestReport:
    """Run the test files and folders `tests` for at most `limit` seconds; raises `Problem` when
    pytest is missing, hangs or runs nothing."""
    with tempfile.TemporaryDirectory(prefix="noctule-tests-") as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", "--tb=short"]
        done = _pytest(project, [*options, *tests], limit)
        if "No module named pytest" in done.stderr:
            place = str(project.python)
            raise Problem("stages.pytest_missing", exit=Exit.OUTSIDE, place=place)
        result = _read(report, done.stdout + done.stderr)
    if not result.passed and not result.failed:
        lines = [line for line in result.output.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"exit code {done.returncode}"
        raise Problem(
            "stages.tests_none",
            exit=Exit.FINDINGS,
            place=" ".join(tests),
            reason=reason,
            python=project.python,
        )
    return result


def _pytest(
    project: Project, arguments: list[str], limit: float
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [str(project.python), "-m", "pytest", *arguments],
            cwd=project.root,
            env=project.environment(),
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise Problem(
            "stages.tests_hang",
            exit=Exit.FINDINGS,
            place=arguments[-1],
            seconds=int(limit),
            python=project.python,
        ) from error


def _read(report: Path, output: str) -> TestReport:
    if not report.exists():
        return TestReport(0, 0, 0, (), output)
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314
    failures = [
        (
            f"{case.get('classname')}::{case.get('name')}",
            (problem.get("message") or "").split("\n")[0],
        )
        for case in cases
        for problem in (*case.findall("failure"), *case.findall("error"))
    ]
    skipped = sum(case.find("skipped") is not None for case in cases)
    passed = len(cases) - len(failures) - skipped
    return TestReport(passed, len(failures), skipped, tuple(failures), output)
