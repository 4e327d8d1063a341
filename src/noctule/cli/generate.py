"""`noctule generate`: the files that a task names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command("generate", short_help="Write the files that a task names.")
@options.task
@options.accept_incomplete
@options.project
@options.dry_run
@options.as_json
@options.lang
def command(
    path: Path | None,
    accept_incomplete: str,
    folder: Path,
    dry_run: bool,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Write the files that a task names.

    TASK is a file such as integrations/stripe.yaml; it may be left out where the project has only
    one. A file that you edited is never overwritten, and one that you deleted stays deleted.
    """
    from noctule.cli.steps import generate_step
    from noctule.project.location import open_project
    from noctule.stages.accept_incomplete import accept
    from noctule.stages.knowledge import find_task, knowledge_of

    project = open_project(folder, writes=not dry_run)
    file = accept(project, find_task(project, path), accept_incomplete, dry_run=dry_run)
    output = Output(lang or file.task.language, as_json=as_json)
    knowledge = knowledge_of(project, file.task)
    generated = generate_step(output, project, file, knowledge, dry_run=dry_run)
    if dry_run:
        output.say("cli.dry")
    code = options.exit_code(good=True, conflict=generated.conflict and not dry_run)
    output.json({"files": options.files_json(generated.changes, diffs=dry_run), "exit": code})
    return code
