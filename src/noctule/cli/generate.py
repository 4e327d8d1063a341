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

    TASK is a file such as integrations/stripe.yaml; it may be left out if the project has only one.
    Your edits are kept: a new version is merged into an edited file, and a file that you deleted
    stays deleted.
    """
    from noctule.cli.steps import generate_step
    from noctule.stages.context import open_task

    context = open_task(folder, path, writes=not dry_run, accepted_incomplete=accept_incomplete)
    output = Output(lang or context.task.language, as_json=as_json)
    generated = generate_step(output, context, dry_run=dry_run)
    if dry_run:
        output.say("cli.dry")
    code = options.exit_code(good=True, conflict=generated.conflict and not dry_run)
    output.json({"files": generated.files_json(diffs=dry_run), "exit": code})
    return code
