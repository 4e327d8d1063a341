"""The target FastAPI: which files an integration is made of."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from noctule.codegen import envfile
from noctule.codegen.build import path_of
from noctule.codegen.python.app import app_module
from noctule.codegen.python.suite import suite_module
from noctule.codegen.python.webhook import webhook_module
from noctule.codegen.python.wrapper import wrapper_module
from noctule.codegen.rendered import Rendered, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.form import Integration
    from noctule.manifest import IntegrationTask

ENV_FILE = ".env.example"


def render(task: IntegrationTask, integration: Integration) -> tuple[Rendered, ...]:
    """The files in the task's order, then `.env.example` and the packages that are needed."""
    files = list(_modules(task, integration))
    if task.env_vars:
        variables = {variable.name: variable.description for variable in task.env_vars}
        section = envfile.render(task.service, variables)
        files.append(Rendered(ENV_FILE, section, "env"))
    folders = dict.fromkeys(folder for file in files for folder in _packages(file.path))
    return (*files, *(Rendered(f"{folder}/__init__.py", "", "package") for folder in folders))


def _modules(task: IntegrationTask, integration: Integration) -> Iterator[Rendered]:
    package = integration.wrapper.module.split(".")[0]
    webhooks = integration.webhooks
    writers: dict[Role, str] = {"wrapper": wrapper_module(integration.wrapper, package)}
    if webhooks is not None and path_of(task, "webhook"):
        writers["webhook"] = webhook_module(integration, webhooks, package)
    writers["tests"] = suite_module(integration, package)
    writers["app"] = app_module(webhooks, package)
    for file in task.files:
        if file.role != "other" and file.role in writers:
            yield Rendered(file.path, writers.pop(file.role), file.role)


def _packages(path: str) -> Iterator[str]:
    """Folders above a module that are packages: all but the root and `src`."""
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        for folder in reversed(pure.parents):
            if folder.name not in ("", "src"):
                yield str(folder)
