"""Python, as the stages know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.line_breaks import page
from noctule.codegen.python.files import project_files, tests_folder
from noctule.codegen.python.merge import merge_module
from noctule.codegen.python.naming import PYTHON_NAMING
from noctule.codegen.python.webhooks.recipes import RECIPES
from noctule.codegen.target_language import TargetLanguage
from noctule.project.style import style_of

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Integration
    from noctule.codegen.test_report import TestReport
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.project.rendered import Rendered
    from noctule.project.style import Style


def _render(
    task: IntegrationTask, integration: Integration, framework: str, style: Style
) -> tuple[Rendered, ...]:
    with page(style.width):
        return project_files(task, integration, RECIPES[framework])


def _run_tests(project: Project, *paths: str, limit: float) -> TestReport:
    from noctule.codegen.python.test_runner import run_tests  # what only generates never runs them

    return run_tests(project, *paths, limit=limit)


PYTHON = TargetLanguage(
    id="python",
    naming=PYTHON_NAMING,
    render=_render,
    style=style_of,
    merges={".py": merge_module},
    tests_folder=tests_folder,
    run_tests=_run_tests,
    driver=("-m", "noctule.proving.driver"),
)
