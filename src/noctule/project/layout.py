"""Where generated files belong in a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.project.dependencies import dependencies_of
from noctule.project.frameworks import DEFAULT, FRAMEWORKS, framework_of
from noctule.project.sources import NOT_PACKAGES, python_files, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from noctule.project.frameworks import Framework


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
    framework: Framework = DEFAULT


def detect_layout(project: Path, target: str = "") -> Layout:
    """The layout of the project at `project`; an empty folder gets the usual `app/` and `tests/`.

    `target` replaces the framework that the project shows signs of. Reads at most 2,000 Python
    files and follows no symbolic link. Raises `Problem` (exit 2) for an unknown target.
    """
    framework, app = _detect_framework(project)
    package = _package(project, app)
    if target and target != framework.id:
        framework, app = framework_of(target), ""
    base = project / package
    webhooks = next((name for name in framework.webhooks if (base / name).is_dir()), "")
    webhooks = webhooks or f"{_folder(base, framework.routes)}/webhooks"
    return Layout(
        services=f"{package}/{_folder(base, framework.services)}",
        webhooks=f"{package}/{webhooks}",
        tests=_folder(project, framework.tests),
        app=app,
        new_app=f"{package}/{framework.new_app}",
        framework=framework,
    )


def _folder(parent: Path, names: Sequence[str]) -> str:
    """The first of the folders that exists, else the first name."""
    return next((name for name in names if (parent / name).is_dir()), names[0])


def _package(project: Path, app: str) -> str:
    """The folder of the application's code: "app", "src/shop", "shop", "backend/app"."""
    packages = [path.relative_to(project).as_posix() for path in _packages(project)]
    of_app = [folder for folder in packages if app.startswith(f"{folder}/")]
    if of_app:
        return of_app[0]
    if "/" in app:
        return app.rpartition("/")[0]
    if (project / "app").is_dir():
        return "app"
    return packages[0] if packages else "app"


def _packages(project: Path) -> Iterator[Path]:
    """Top-level packages: those under `src/` first, then those beside it, in order of name."""
    for parent in (project / "src", project):
        if not parent.is_dir():
            continue
        for folder in sorted(parent.iterdir()):
            if folder.name in NOT_PACKAGES or folder.name == "src" or folder.is_symlink():
                continue
            if (folder / "__init__.py").is_file():
                yield folder


def _detect_framework(project: Path) -> tuple[Framework, str]:
    """The framework, and the shallowest file outside the tests that creates its application, "".

    An application counts most, then the framework's own files, then the declared dependencies.
    """
    apps: dict[str, list[str]] = {}
    for path in python_files(project):
        text = read_source(path)
        for framework in FRAMEWORKS.values():
            if framework.creates_application(text):
                apps.setdefault(framework.id, []).append(path.relative_to(project).as_posix())
    for framework in FRAMEWORKS.values():
        if framework.id in apps:
            return framework, min(apps[framework.id], key=lambda app: (app.count("/"), app))
    dependencies = dependencies_of(project)
    for framework in FRAMEWORKS.values():
        if any((project / name).is_file() for name in framework.root_files):
            return framework, ""
    for framework in FRAMEWORKS.values():
        if framework.dependencies & dependencies:
            return framework, ""
    return DEFAULT, ""
