"""What is left for the user when an integration stands: variables to set, and what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from noctule.project.layout import detect_layout

if TYPE_CHECKING:
    from noctule.manifest import EnvVar, IntegrationTask
    from noctule.project.location import Project

_APP = re.compile(
    r"^(\w+)(?:\s*:[^=\n]+)?\s*=\s*(?:\w+\.)?(?:FastAPI|Flask|get_wsgi_application)\s*\(",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Habit:
    """How an application of one target takes a webhook module in, and how it is started."""

    mount: tuple[str, ...] = ()
    run: str = ""


HABITS = {
    "fastapi": Habit(
        ("from {package} import {module}", "{app}.include_router({module}.router)"),
        "uvicorn {main}:{app}{folder}",
    ),
    "flask": Habit(
        ("from {package} import {module}", "{app}.register_blueprint({module}.blueprint)"),
        "flask --app {main}:{app} run",
    ),
    "django": Habit(
        ('urlpatterns += [path("", include("{handler}"))]',), "python manage.py runserver"
    ),
    "plain": Habit(),
}


@dataclass(frozen=True)
class Ending:
    variables: tuple[EnvVar, ...]
    """Those that must be set before the application starts."""
    mount: tuple[str, ...]
    """Lines for the user's own application; none where noctule wrote it or mounted it already."""
    app: str
    """The file that `mount` belongs in."""
    command: str
    """What to run next; "" where there is no application to start."""


def ending_of(project: Project, task: IntegrationTask) -> Ending:
    paths = {file.role: file.path for file in task.files}
    app = paths.get("app") or detect_layout(project.root).app
    text = _read(project, app)
    found = _APP.search(text)
    handler = dotted(paths["webhook"]) if "webhook" in paths else ""
    package, _, module = handler.rpartition(".")
    names = {
        "app": found[1] if found else "app",
        "folder": " --app-dir src" if app.startswith("src/") else "",
        "handler": handler,
        "main": dotted(app) if app else "",
        "module": module,
        "package": package,
    }
    habit = HABITS.get(task.target or "fastapi", Habit())
    mounted = "app" in paths or not handler or not app or handler in text
    lines = () if mounted else tuple(line.format(**names) for line in habit.mount)
    mounted = mounted or (bool(lines) and lines[0] in text)
    variables = tuple(variable for variable in task.env_vars if variable.required)
    return Ending(variables, () if mounted else lines, app, _command(project, task, habit, names))


def _command(project: Project, task: IntegrationTask, habit: Habit, names: dict[str, str]) -> str:
    if task.target == "django" and not (project.root / "manage.py").is_file():
        return f"granian --interface wsgi {names['main']}:{names['app']}" if names["main"] else ""
    if task.target == "plain":
        return f"uvicorn {names['handler']}:receiver" if names["handler"] else ""
    return habit.run.format(**names) if names["main"] else ""


def dotted(path: str) -> str:
    """ "src/shop/main.py" -> "shop.main"."""
    parts = [*PurePosixPath(path).parts[:-1], PurePosixPath(path).stem]
    return ".".join(parts[1:] if parts[0] == "src" and len(parts) > 1 else parts)


def _read(project: Project, path: str) -> str:
    file = project.root / path
    return file.read_text("utf-8", "replace") if path and file.is_file() else ""
