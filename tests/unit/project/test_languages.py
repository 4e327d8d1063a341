"""A project in another language is recognised by its files; Python in it counts first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from noctule.problem import Exit, Problem
from noctule.project.languages import OtherLanguage, other_language, require_python

if TYPE_CHECKING:
    from pathlib import Path

NEXT = {"package.json": json.dumps({"dependencies": {"next": "15.1.0", "react": "19.0.0"}})}


def write(project: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "project", "language"),
    [
        (NEXT, "Next.js", "TypeScript"),
        ({"package.json": '{"devDependencies": {"next": "15"}}'}, "Next.js", "TypeScript"),
        ({"package.json": '{"devDependencies": {"typescript": "5"}}'}, "TypeScript", "TypeScript"),
        ({"package.json": "{}", "tsconfig.json": "{}"}, "TypeScript", "TypeScript"),
        ({"package.json": "{}"}, "JavaScript", "JavaScript"),
        ({"package.json": "not JSON"}, "JavaScript", "JavaScript"),
        ({"package.json": '["next"]'}, "JavaScript", "JavaScript"),
        ({"go.mod": "module shop\n"}, "Go", "Go"),
        ({"Cargo.toml": ""}, "Rust", "Rust"),
        ({"Gemfile": ""}, "Ruby", "Ruby"),
        ({"composer.json": "{}"}, "PHP", "PHP"),
        ({"pom.xml": ""}, "Java", "Java"),
        ({"build.gradle": ""}, "Java", "Java"),
        ({"build.gradle.kts": ""}, "Kotlin", "Kotlin"),
        ({**NEXT, "node_modules/gyp/gyp_main.py": ""}, "Next.js", "TypeScript"),
    ],
)
def test_another_language_is_named(
    tmp_path: Path, files: dict[str, str], project: str, language: str
) -> None:
    write(tmp_path, files)
    other = other_language(tmp_path)
    assert other is not None
    assert (other.project, other.language) == (project, language)
    assert (tmp_path / other.file).is_file()


@pytest.mark.parametrize(
    "python",
    ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "requirements-dev.txt",
     "Pipfile", "backend/app/main.py"],
)  # fmt: skip
def test_python_in_the_project_counts_first(tmp_path: Path, python: str) -> None:
    write(tmp_path, {**NEXT, "go.mod": "", python: ""})
    assert other_language(tmp_path) is None


def test_an_empty_folder_is_no_other_language(tmp_path: Path) -> None:
    assert other_language(tmp_path) is None


def test_a_target_asks_for_python_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, NEXT)
    require_python(tmp_path, "plain")
    with pytest.raises(Problem) as caught:
        require_python(tmp_path, "")
    assert (caught.value.exit, caught.value.place) == (Exit.USAGE, "package.json")
    assert other_language(tmp_path) == OtherLanguage("Next.js", "TypeScript", "package.json")
