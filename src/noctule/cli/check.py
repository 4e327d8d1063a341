"""`noctule check`: a task file held against what is true of the provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("check", short_help="Validate a task file against what is true of the provider.")
@click.argument("path", metavar="TASK", type=click.Path(path_type=Path))
@options.document
@options.project
@options.as_json
@options.lang
def command(
    path: Path, document: str | None, folder: Path, as_json: bool, lang: Language | None
) -> int:
    """Validate a task file against what is true of the provider.

    TASK may be noctule's own or somebody else's, in the card's shape. Each finding names its place
    and a fix. Ends with 1 when there are findings.
    """
    from noctule.project.location import open_project
    from noctule.stages.check import check_task, language_of
    from noctule.stages.knowledge import find_task

    project = open_project(folder, writes=False)
    file = find_task(project, path)
    output = Output(lang or language_of(file.task), as_json=as_json)
    findings = check_task(project, file, document=document, language=output.language)
    for finding in findings:
        output.line(f"{file.place}:{finding.line}: {finding.place}: {finding.message}")
        if finding.fix:
            output.line(f"  {say(output.language, 'cli.fix')} {finding.fix}")
    output.say("cli.found" if findings else "cli.clean", count=len(findings), task=file.place)
    code = options.exit_code(good=not findings)
    output.json({"findings": [finding.as_json() for finding in findings], "exit": code})
    return code
