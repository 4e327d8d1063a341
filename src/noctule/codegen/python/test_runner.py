"""Runs generated tests with pytest, in the user's project and with the user's Python."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from noctule.codegen.test_report import TestReport
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.project.location import Project


def run_tests(project: Project, *paths: str, limit: float) -> TestReport:
    """Run test files and folders for at most `limit` seconds.

    Raises `Problem` if pytest is not installed (exit 6), if it runs no test or is stopped (exit 1).
    """
    with tempfile.TemporaryDirectory(prefix="noctule-tests-") as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", "--tb=short"]
        process = _pytest(project, [*options, *paths], limit)
        if "No module named pytest" in process.stderr:
            place = str(project.python)
            raise Problem("stages.pytest_missing", exit=Exit.OUTSIDE, place=place)
        result = _read(paths, report, process.stdout + process.stderr)
    if not result.passed and not result.failed:
        lines = [line for line in result.output.splitlines() if line.strip()]
        raise Problem(
            "stages.tests_none",
            exit=Exit.FINDINGS,
            place=" ".join(paths),
            reason=lines[-1] if lines else f"exit code {process.returncode}",
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


def _read(paths: tuple[str, ...], report: Path, output: str) -> TestReport:
    if not report.exists():
        return TestReport(paths, 0, 0, 0, (), output)
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
    return TestReport(paths, passed, len(failures), skipped, tuple(failures), output)
