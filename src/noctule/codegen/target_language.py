"""What a language brings, so that code can be generated, merged, tested and proved in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from noctule.codegen.model.integration import Integration
    from noctule.codegen.model.naming import Naming
    from noctule.codegen.test_report import TestReport
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.project.merging.three_way import FileMerge
    from noctule.project.rendered import Rendered
    from noctule.project.style import Style


class Renderer(Protocol):
    def __call__(
        self, task: IntegrationTask, integration: Integration, framework: str, style: Style, /
    ) -> tuple[Rendered, ...]:
        """The files of `integration` for the framework with this id, in the task's order."""
        ...


class TestRunner(Protocol):
    def __call__(self, project: Project, /, *paths: str, limit: float) -> TestReport:
        """Run test files and folders for at most `limit` seconds.

        Raises `Problem` if they cannot be run, none is run, or they are stopped.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TargetLanguage:
    """One language. The stages ask it for everything that they do in the user's project."""

    id: str
    naming: Naming
    render: Renderer
    style: Callable[[Path], Style]
    """How the project at a folder wants its code. Raises `Problem` where none can run there."""
    merges: Mapping[str, FileMerge]
    """File suffix -> the merge of edited files with new versions."""
    tests_folder: Callable[[str], str]
    """Path of a task's test file -> the folder of the other tests of a whole API."""
    run_tests: TestRunner
    driver: tuple[str, ...]
    """Arguments of the project's interpreter that start the driver of proofs."""
