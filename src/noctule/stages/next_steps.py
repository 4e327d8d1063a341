"""What is left for the user to do: variables to set, lines to add, the command to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.project.frameworks import framework_of, module_of
from noctule.project.layout import detect_layout
from noctule.project.sources import read_source

if TYPE_CHECKING:
    from noctule.manifest import EnvVar
    from noctule.stages.context import TaskContext


@dataclass(frozen=True)
class NextSteps:
    variables: tuple[EnvVar, ...]
    """Those that must be set before the application starts."""
    mount: tuple[str, ...]
    """Lines that add the webhook module to the application; () where it is already added."""
    mount_file: str
    """The file that the lines of `mount` go into."""
    start: tuple[str, ...]
    """Lines that start the processing of stored events; () where those of `mount` do, or where they
    are there already."""
    start_file: str
    """The file that the lines of `start` go into, at its end."""
    command: str
    """The command that starts the application; "" where there is none."""


def next_steps(context: TaskContext) -> NextSteps:
    """The next steps for a task, given the project's files as they are now.

    Raises `Problem` (exit 2) for an unknown target.
    """
    root, task = context.project.root, context.task
    framework = framework_of(task.target)
    paths = {file.role: file.path for file in task.files}
    app = paths.get("app") or detect_layout(root).app
    variable = framework.application_variable(read_source(root / app) if app else "")
    handler = module_of(paths["webhook"]) if "webhook" in paths else ""
    mount_file = framework.mount_file(root, app)
    start_file = framework.start_file(root, app)
    lines: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    if handler and app and "app" not in paths:
        if not framework.is_mounted(read_source(root / mount_file), handler):
            lines = framework.mount_lines(handler, variable)
        if start_file and not framework.is_mounted(read_source(root / start_file), handler):
            start = framework.start_lines(handler)
    return NextSteps(
        variables=tuple(variable for variable in task.env_vars if variable.required),
        mount=lines,
        mount_file=mount_file,
        start=start,
        start_file=start_file,
        command=framework.run_command(root, app, variable, handler),
    )
