"""`noctule doctor`: what is wrong with calls and webhooks, or about to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox, provider_routes
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language

MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


@click.command("doctor", short_help="Check secrets, calls and webhooks; say what to run next.")
@provider_routes
@inbox
@click.option(
    "--journal",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The journal of calls; NOCTULE_JOURNAL by default.",
)
@options.project
@options.as_json
@options.lang
def command(
    providers: tuple[str, ...],
    inbox: str | None,
    journal: Path | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Check secrets, calls to providers and webhooks. Nothing is sent.

    Calls are read from the journal that every service keeps, webhooks from the inbox. Each finding
    names what to run next. Exits with 0 only if all is well, and with 1 if anything needs
    attention.
    """
    from noctule.stages.doctor import diagnose

    output = Output(lang or "en", as_json=as_json)
    diagnosis = diagnose(folder, providers, inbox=inbox, journal=journal)
    for finding in diagnosis.findings:
        mark, style = MARKS[finding.severity]
        text = finding.text(output.language)
        output.line(f"{mark} {finding.subject}: {text}", style=style)
        if after := finding.next(output.language):
            output.line(f"    → {after}")
    if not diagnosis.findings:
        output.say("doctor.nothing")
        output.line(f"    → {say(output.language, 'doctor.nothing', 'next')}")
    output.json(diagnosis.as_json(output.language))
    return options.exit_code(good=diagnosis.good)
