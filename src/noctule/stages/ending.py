"""What is left for the user when an integration stands: variables to set, and what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from noctule.planning import detect_layout

if TYPE_CHECKING:
    from noctule.manifest import EnvVar, IntegrationTask
    from noctule.stages.project import Project

_APP = re.compile(r"^(\w+)(?:\s*:[^=\n]+)?\s*=\s*(?:fastapi\.)?FastAPI\s*\(", re.MULTILINE)


@dataclass(frozen=True)
class Ending:
    variables: tuple[EnvVar, ...]
    """Those that must be set before the application starts."""
    mount: tuple[str, ...]
    """Lines for the user's own application; none where noctule wrote it or mounted it already."""
    app: str
    """The file that `mount` belongs in."""
    command: str
    """What to run next."""


def ending_of(project: Project, task: IntegrationTask) -> Ending:
    variables = tuple(variable for variable in task.env_vars if variable.required)
    paths = {file.role: file.path for file in task.files}
    app = paths.get("app") or detect_layout(project.root).app
    text = _read(project, app)
    mount: tuple[str, ...] = ()
    handler = paths.get("webhook", "")
    if handler and "app" not in paths and app:
        package, _, module = dotted(handler).rpartition(".")
        line = f"from {package} import {module}" if package else f"import {module}"
        if line not in text:
            mount = (line, f"{_name(text)}.include_router({module}.router)")
    folder = " --app-dir src" if app.startswith("src/") else ""
    command = f"uvicorn {dotted(app)}:{_name(text)}{folder}" if app else ""
    return Ending(variables, mount, app, command)


def dotted(path: str) -> str:
    """ "src/shop/main.py" -> "shop.main"."""
    parts = [*PurePosixPath(path).parts[:-1], PurePosixPath(path).stem]
    return ".".join(parts[1:] if parts[0] == "src" and len(parts) > 1 else parts)


def _name(text: str) -> str:
    found = _APP.search(text)
    return found[1] if found else "app"


def _read(project: Project, path: str) -> str:
    file = project.root / path
    return file.read_text("utf-8", "replace") if path and file.is_file() else ""
