"""What noctule knows about a framework: how to recognise it, where code goes, how it is run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Framework:
    """The facts of one framework. Paths are relative to the project, with forward slashes."""

    id: str
    """The value of `--target` and of a task's `target`."""
    name: str
    """As people write it: "FastAPI"."""
    application: str = ""
    """Regular expression: what the file that creates the application contains."""
    root_files: tuple[str, ...] = ()
    """Files in the project's root that only projects of this framework have."""
    dependencies: frozenset[str] = frozenset()
    """Distributions, in normal form ("flask"), that only projects of this framework depend on."""
    factory: str = ""
    """The call that returns the application: "FastAPI"."""
    variable: str = "app"
    """The usual variable for the application."""

    services: tuple[str, ...] = ("services", "integrations", "clients")
    """Folders for wrappers in the application's package: the first that exists, else the first."""
    webhooks: tuple[str, ...] = ("webhooks", "api/webhooks")
    """The same for webhook handlers; where none exists, `webhooks` goes into one of `routes`."""
    routes: tuple[str, ...] = ("api", "routers", "routes")
    tests: tuple[str, ...] = ("tests", "test")
    """Folders for tests in the project's root."""
    new_app: str = "main.py"
    """The file of the application in its package, in a project that has none."""
    always_has_app: bool = True
    """Whether an integration without webhooks needs an application too."""

    mount: tuple[str, ...] = ()
    """Lines that add the webhook module to an application. `{app}` is the application's variable,
    `{handler}` the dotted name of the webhook module, `{package}` and `{module}` its two parts."""
    start: tuple[str, ...] = ()
    """Lines that start the processing of stored events where a server loads the application, in a
    file of their own; the same placeholders. () where the lines of `mount` do."""
    run: str = ""
    """The command that starts the application. `{main}` is the module that creates it, `{app}` its
    variable, `{folder}` uvicorn's option for a module under `src/`."""
    asynchronous: bool = True
    """Whether generated code awaits."""
    reserved: frozenset[str] = frozenset()
    """Names that generated modules import from the framework: no class of an API has them."""

    def creates_application(self, text: str) -> bool:
        """Whether a file with this text creates an application of the framework."""
        return bool(self.application) and _pattern(self.application).search(text) is not None

    def application_variable(self, text: str) -> str:
        """The variable that holds the application in a file with this text."""
        assigned = rf"^(\w+)(?:\s*:[^=\n]+)?\s*=\s*(?:\w+\.)?{self.factory}\s*\("
        match = _pattern(assigned).search(text) if self.factory else None
        return match[1] if match else self.variable

    def mount_file(self, root: Path, app: str) -> str:
        """The file of the project at `root` that the lines of `mount` go into; `app` is the file
        that creates the application."""
        del root
        return app

    def start_file(self, root: Path, app: str) -> str:
        """The file of the project at `root` that the lines of `start` go into, "" for none."""
        del root, app
        return ""

    def is_mounted(self, text: str, handler: str) -> bool:
        """Whether the mount file with this text already has the webhook module `handler`."""
        package, _, module = handler.rpartition(".")
        return handler in text or f"from {package} import {module}" in text

    def mount_lines(self, handler: str, variable: str = "") -> tuple[str, ...]:
        """The lines that add the webhook module `handler` to the application in `variable`."""
        return _filled(self.mount, handler, variable or self.variable)

    def start_lines(self, handler: str) -> tuple[str, ...]:
        """The lines that start the processing of what the webhook module `handler` stores."""
        return _filled(self.start, handler, self.variable)

    def run_command(self, root: Path, app: str, variable: str, handler: str) -> str:
        """The command that starts the application of the project at `root`, "" where there is
        none. `app` is its file, `handler` the webhook module; either may be ""."""
        del root, handler
        if not app:
            return ""
        folder = " --app-dir src" if app.startswith("src/") else ""
        return self.run.format(main=module_of(app), app=variable, folder=folder)


def _filled(lines: tuple[str, ...], handler: str, app: str) -> tuple[str, ...]:
    package, _, module = handler.rpartition(".")
    names = {"handler": handler, "package": package, "module": module, "app": app}
    return tuple(line.format(**names) for line in lines)


def module_of(path: str) -> str:
    """ "src/shop/main.py" -> "shop.main"."""
    return ".".join(module_parts(path))


def module_parts(path: str) -> list[str]:
    """ "src/shop/main.py" -> "shop", "main"."""
    parts = [*PurePosixPath(path).parts[:-1], PurePosixPath(path).stem]
    return parts[1:] if parts[0] == "src" and len(parts) > 1 else parts


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.MULTILINE)
