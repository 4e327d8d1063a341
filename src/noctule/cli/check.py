"""`noctule check`: what is wrong with a task file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command(
    "check", short_help="Check a task file against the provider's pack and API document."
)
@options.task
@options.document
@options.project
@options.as_json
@options.lang
def command(
    path: Path | None, document: str | None, folder: Path, as_json: bool, lang: Language | None
) -> int:
    """Check a task file against the provider's pack and API document.

    TASK may come from noctule or from another tool, in the card's shape; it may be left out if the
    project has only one. Each finding names its place and a fix. Exits with 1 when there are
    findings.
    """
    from noctule.stages.check import check_task

    report = check_task(folder, path, document=document, language=lang)
    output = Output(report.language, as_json=as_json)
    for finding in report.findings:
        output.line(f"{report.place}:{finding.line}: {finding.place}: {finding.message}")
        if finding.fix:
            output.line(f"  {say(output.language, 'cli.fix')} {finding.fix}")
    key = "cli.clean" if report.good else "cli.findings"
    output.say(key, count=len(report.findings), task=report.place)
    code = options.exit_code(good=report.good)
    output.json({**report.as_json(), "exit": code})
    return code
