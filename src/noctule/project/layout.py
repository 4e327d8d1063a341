"""Where generated files belong in a project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_APPS = {
    "fastapi": re.compile(r"^[^#\n]*\bFastAPI\s*\(", re.MULTILINE),
    "flask": re.compile(r"^[^#\n]*\bFlask\s*\(", re.MULTILINE),
    "django": re.compile(r"^\s*ROOT_URLCONF\s*=", re.MULTILINE),
}
"""Target -> what the file of its application says; the first target that is found counts."""
_NOT_PACKAGES = frozenset(
    {"tests", "test", "docs", "doc", "scripts", "examples", "integrations", "migrations",
     "alembic", "node_modules", "build", "dist", "venv", "env", "site-packages", "benchmarks"}
)  # fmt: skip
_MAX_FILES = 2000
_MAX_BYTES = 512 * 1024


@dataclass(frozen=True)
class Layout:
    """Folders and files relative to the project, with forward slashes."""

    services: str = "app/services"
    webhooks: str = "app/api/webhooks"
    tests: str = "tests"
    app: str = ""
    """The file that creates the application (Django: the settings), "" where there is none."""
    new_app: str = "app/main.py"
    """Where that file goes when there is none."""
    target: str = "fastapi"
    """The framework: "fastapi", "flask", "django", or "plain" where somebody asks for that."""


def detect_layout(project: Path) -> Layout:
    """The layout of the project at `project`; an empty folder gets the usual `app/` and `tests/`.

    Reads at most 2,000 Python files and follows no symbolic link.
    """
    target, app = _find_app(project)
    package = _package(project, app)

    def folder(default: str, *others: str) -> str:
        names = (default, *others)
        return next((name for name in names if (project / package / name).is_dir()), default)

    webhooks = folder("webhooks", "api/webhooks")
    if not (project / package / webhooks).is_dir():
        webhooks = f"{folder('api', 'routers', 'routes')}/webhooks"
    tests = next((name for name in ("tests", "test") if (project / name).is_dir()), "tests")
    return Layout(
        services=f"{package}/{folder('services', 'integrations', 'clients')}",
        webhooks=f"{package}/{webhooks}",
        tests=tests,
        app=app,
        new_app=f"{package}/main.py",
        target=target,
    )


def _package(project: Path, app: str) -> str:
    """The folder of the application's code: "app", "src/shop", "shop", "backend/app"."""
    candidates = [path.relative_to(project).as_posix() for path in _packages(project)]
    holding = [folder for folder in candidates if app.startswith(f"{folder}/")]
    if holding:
        return holding[0]
    if "/" in app:
        return app.rpartition("/")[0]
    if (project / "app").is_dir():
        return "app"
    return candidates[0] if candidates else "app"


def _packages(project: Path) -> Iterator[Path]:
    """Top-level packages: those under `src/` first, then those beside it, in order of name."""
    for parent in (project / "src", project):
        if not parent.is_dir():
            continue
        for folder in sorted(parent.iterdir()):
            if folder.name in _NOT_PACKAGES or folder.name == "src" or folder.is_symlink():
                continue
            if (folder / "__init__.py").is_file():
                yield folder


def _find_app(project: Path) -> tuple[str, str]:
    """The target, and the shallowest file outside the tests that makes its application."""
    found: dict[str, list[str]] = {target: [] for target in _APPS}
    for count, path in enumerate(_sources(project)):
        if count >= _MAX_FILES:
            break
        if path.stat().st_size > _MAX_BYTES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for target, pattern in _APPS.items():
            if pattern.search(text):
                found[target].append(path.relative_to(project).as_posix())
    for target, names in found.items():
        if names:
            return target, min(names, key=lambda name: (name.count("/"), name))
    return "fastapi", ""


def _sources(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink() or entry.name.startswith((".", "test")):
            continue
        if entry.is_dir():
            if entry.name not in _NOT_PACKAGES:
                yield from _sources(entry)
        elif entry.suffix == ".py" and entry.is_file():
            yield entry
