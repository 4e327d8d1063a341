"""The files of an integration, for any framework."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from noctule.codegen.build.build import path_of
from noctule.codegen.python.service.module import wrapper_module
from noctule.codegen.python.service.package import package_modules
from noctule.codegen.python.tests.module import (
    WholeApiTests,
    tests_of_methods,
    tests_of_webhooks,
)
from noctule.codegen.python.webhooks.app import app_module
from noctule.codegen.python.webhooks.module import webhook_module
from noctule.messages import say
from noctule.project import env_file
from noctule.project.rendered import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import Integration
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe
    from noctule.manifest import IntegrationTask

ENV_FILE = ".env.example"


def project_files(
    task: IntegrationTask, integration: Integration, framework: FrameworkRecipe
) -> tuple[Rendered, ...]:
    """The files in the task's order, then `.env.example` and the packages they need."""
    files = list(_modules(task, integration, framework))
    variables = {variable.name: variable.description for variable in task.env_vars}
    if any(file.role == "app" for file in files):
        variables |= {n: say(task.language, key) for n, key in framework.variables.items()}
    if variables:
        section = env_file.render(task.service, variables)
        files.append(Rendered(ENV_FILE, section, "env"))
    there = {file.path for file in files}
    folders = dict.fromkeys(folder for file in files for folder in _packages(file.path))
    packages = (f"{folder}/__init__.py" for folder in folders)
    return (*files, *(Rendered(path, "", "package") for path in packages if path not in there))


def _modules(
    task: IntegrationTask, integration: Integration, framework: FrameworkRecipe
) -> Iterator[Rendered]:
    package = integration.wrapper.module.split("/")[0]
    webhooks = integration.webhooks
    finished_roles: set[str] = set()
    for file in task.files:
        if file.role in finished_roles:
            continue
        finished_roles.add(file.role)
        if file.role == "wrapper":
            yield from _wrapper(file.path, integration, package)
        elif file.role == "webhook" and webhooks is not None and path_of(task, "webhook"):
            text = webhook_module(integration, webhooks, package, framework)
            yield Rendered(file.path, text, "webhook")
        elif file.role == "tests":
            yield from _tests(file.path, integration, package, framework)
        elif file.role == "app":
            yield Rendered(file.path, app_module(webhooks, package, framework), "app")


def _wrapper(path: str, integration: Integration, package: str) -> Iterator[Rendered]:
    """One module, or a package of the same name for a whole API."""
    wrapper = integration.wrapper
    if not wrapper.resources:
        yield Rendered(path, wrapper_module(wrapper, package), "wrapper")
        return
    folder = path.removesuffix(".py")
    for name, text in package_modules(wrapper, package):
        yield Rendered(f"{folder}/{name or '__init__'}.py", text, "wrapper")


def _tests(
    path: str, integration: Integration, package: str, framework: FrameworkRecipe
) -> Iterator[Rendered]:
    if not integration.wrapper.resources:
        yield Rendered(path, tests_of_methods(integration, package, framework), "tests")
        return
    folder = tests_folder(path)
    dotted = ".".join(PurePosixPath(folder.removeprefix("src/")).parts)
    whole = WholeApiTests(integration, package, framework, dotted)
    for name, text in whole.modules():
        yield Rendered(f"{folder}/{name}.py", text, "tests")
    if integration.webhooks is not None:
        yield Rendered(path, tests_of_webhooks(integration, package, framework), "tests")


def tests_folder(path: str) -> str:
    """The folder for the tests of a whole API; `path` is the task's test file."""
    return path.removesuffix(".py").replace("/test_", "/")


def _packages(path: str) -> Iterator[str]:
    """Folders above a module that are packages: all but the root and `src`."""
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        for folder in reversed(pure.parents):
            if folder.name not in ("", "src"):
                yield str(folder)
