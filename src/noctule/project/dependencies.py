"""The distributions that a Python project declares as dependencies."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from noctule.json_types import as_dict, as_list
from noctule.project.sources import read_source, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_SEPARATORS = re.compile(r"[-_.]+")


def dependencies_of(project: Path) -> frozenset[str]:
    """Their names in normal form ("django-stubs"), from `pyproject.toml` (PEP 621 and 735, Poetry),
    `requirements*.txt` and `Pipfile`; files that cannot be read declare nothing."""
    names = chain(
        _pyproject(read_toml(project / "pyproject.toml")),
        *(_requirements(read_source(path)) for path in sorted(project.glob("requirements*.txt"))),
        as_dict(read_toml(project / "Pipfile").get("packages")),
    )
    return frozenset(_SEPARATORS.sub("-", name).lower() for name in names)


def _pyproject(table: dict[str, Any]) -> Iterator[str]:
    project = as_dict(table.get("project"))
    groups = [
        project.get("dependencies"),
        *as_dict(project.get("optional-dependencies")).values(),
        *as_dict(table.get("dependency-groups")).values(),
    ]
    for group in groups:
        yield from _names(entry for entry in as_list(group) if isinstance(entry, str))
    yield from as_dict(as_dict(as_dict(table.get("tool")).get("poetry")).get("dependencies"))


def _requirements(text: str) -> Iterator[str]:
    return _names(line for line in text.splitlines() if not line.lstrip().startswith(("#", "-")))


def _names(requirements: Iterable[str]) -> Iterator[str]:
    """The name of each requirement: "fastapi" of "fastapi[standard]>=0.115 ; extra"."""
    matches = (_NAME.match(requirement) for requirement in requirements)
    return (match[1] for match in matches if match)
