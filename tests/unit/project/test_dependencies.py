"""Declared dependencies are read from every usual file, under one spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule.project.dependencies import dependencies_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text", "dependencies"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["FastAPI[standard]>=0.115", "a_b ; x"]\n',
         {"fastapi", "a-b"}),
        ("pyproject.toml", '[project.optional-dependencies]\nweb = ["flask~=3.0"]\n', {"flask"}),
        ("pyproject.toml", '[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\n',
         {"pytest"}),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\nDjango = "5"\n',
         {"python", "django"}),
        ("pyproject.toml", "not TOML [", set()),
        ("pyproject.toml", "project = 3\n", set()),
        ("requirements-dev.txt", "# tests\n-r base.txt\n--hash=x\nFlask==3.1 # web\n\n", {"flask"}),
        ("Pipfile", '[packages]\nflask = "*"\n', {"flask"}),
        ("setup.cfg", "flask", set()),
    ],
)  # fmt: skip
def test_each_file_is_read(tmp_path: Path, name: str, text: str, dependencies: set[str]) -> None:
    (tmp_path / name).write_text(text)
    assert dependencies_of(tmp_path) == dependencies
