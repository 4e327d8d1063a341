"""Integrate a real service from the document that it ships, as a user does."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

from support.command_line import command
from support.project_modules import import_from

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


class Integrate(Protocol):
    def __call__(
        self, request: str, document: Path, operations: str, *options: str
    ) -> ModuleType: ...


@pytest.fixture
def integrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Integrate:
    """Run `noctule integrate` in an empty folder, and import the wrapper that it writes.

    Its tests and its proof must hold, and nothing in it is edited.
    """
    project = tmp_path / "project"
    project.mkdir()

    def run(request: str, document: Path, operations: str, *options: str) -> ModuleType:
        place = ("--doc", str(document), "--target", "plain", "--json")
        named = [
            part for key in operations.strip().splitlines() for part in ("--operation", key.strip())
        ]
        done = command(project, "integrate", request, *place, *named, *options)
        assert done.code == 0, done.err
        (task,) = project.glob("integrations/*.yaml")
        files: list[dict[str, Any]] = yaml.safe_load(task.read_text())["integration_task"]["files"]
        (wrapper,) = (file["path"] for file in files if file["role"] == "wrapper")
        import_from(project, monkeypatch)
        return importlib.import_module(wrapper.removesuffix(".py").replace("/", "."))

    return run
