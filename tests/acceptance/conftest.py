from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.command_line import Noctule, command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def noctule(project: Path) -> Noctule:
    """Run `noctule` in the test's project."""
    return lambda *arguments: command(project, *arguments)
