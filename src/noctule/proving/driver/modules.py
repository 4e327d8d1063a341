"""Imports the user's modules and finds the service class in them."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


class NotLoaded(Exception):
    """The user's code cannot be imported or called: "import", "no_service", "no_method" …"""

    def __init__(self, kind: str, place: str, cause: str = "") -> None:
        self.kind = kind
        self.place = place
        self.cause = cause
        super().__init__(f"{place}: {kind} {cause}")


def import_path(path: str) -> ModuleType:
    """Import a file of the project, or the package of that name, under its name in the project.

    `path` is relative to the current folder. Raises NotLoaded with file and line of the cause.
    """
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[0] == "src":
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    for folder in (str(Path.cwd() / "src"), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    package = Path(path).with_suffix("") / "__init__.py"
    if not Path(path).is_file() and not package.is_file():
        raise NotLoaded("missing_file", path)
    try:
        return importlib.import_module(".".join(parts))
    except Exception as error:
        raise NotLoaded("import", path, _cause(error)) from error
    except SystemExit as error:
        raise NotLoaded("import", path, f"SystemExit: {error.code}") from error


def service_class(path: str) -> type[Any]:
    """The one Service that the wrapper's file defines."""
    from noctule.runtime import Service, SyncService

    module = import_path(path)
    services = [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, Service | SyncService)
        and kind.__module__ == module.__name__
        and hasattr(kind, "config")
    ]
    if not services:
        raise NotLoaded("no_service", path)
    return services[-1]


def _cause(error: Exception) -> str:
    """The error and where in the user's files it happened."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(Path.cwd()):
            place = f" ({file.relative_to(Path.cwd())}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{place}"
