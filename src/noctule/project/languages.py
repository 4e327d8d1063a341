"""Projects in languages that noctule cannot generate: recognised, and refused by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.json_types import as_dict
from noctule.problem import Exit, Problem
from noctule.project.sources import python_files, read_source

if TYPE_CHECKING:
    from pathlib import Path

_PYTHON = ("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "Pipfile")
"""Files of which one makes the project a Python project, whatever else there is."""
_OTHERS = {
    "go.mod": "Go",
    "Cargo.toml": "Rust",
    "Gemfile": "Ruby",
    "composer.json": "PHP",
    "pom.xml": "Java",
    "build.gradle": "Java",
    "build.gradle.kts": "Kotlin",
}
"""File in the project's root -> the language that it belongs to."""


@dataclass(frozen=True)
class OtherLanguage:
    project: str
    """What people call such a project: "Next.js", "Go"."""
    language: str
    """What would have to be generated: "TypeScript", "Go"."""
    file: str
    """The file that shows it."""


def other_language(project: Path) -> OtherLanguage | None:
    """The language of a project that is not in Python; None for Python and for an empty folder."""
    if any(next(project.glob(name), None) for name in _PYTHON):
        return None
    if next(python_files(project), None):
        return None
    if (project / "package.json").is_file():
        return _javascript(project)
    for name, language in _OTHERS.items():
        if (project / name).is_file():
            return OtherLanguage(language, language, name)
    return None


def require_python(project: Path, target: str) -> None:
    """Raise `Problem` (exit 2) for a project in another language, unless `target` names a
    framework: then the user has asked for Python there."""
    other = None if target else other_language(project)
    if other is not None:
        raise Problem(
            "project.other_language",
            exit=Exit.USAGE,
            place=other.file,
            project=other.project,
            language=other.language,
        )


def _javascript(project: Path) -> OtherLanguage:
    try:
        package = as_dict(json.loads(read_source(project / "package.json") or "{}"))
    except (ValueError, RecursionError):
        package = {}
    dependencies = {
        **as_dict(package.get("dependencies")),
        **as_dict(package.get("devDependencies")),
    }
    if "next" in dependencies:
        return OtherLanguage("Next.js", "TypeScript", "package.json")
    typescript = "typescript" in dependencies or (project / "tsconfig.json").is_file()
    language = "TypeScript" if typescript else "JavaScript"
    return OtherLanguage(language, language, "package.json")
