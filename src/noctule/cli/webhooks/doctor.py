"""`noctule webhooks doctor`: what is wrong, or about to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox, provider_routes

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language

MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


@click.command("doctor", short_help="Check secrets, clocks, lag and silence.")
@provider_routes
@inbox
@options.project
@options.as_json
@options.lang
def command(
    providers: tuple[str, ...],
    inbox: str | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Check secrets, clocks, lag and silence of each route. Nothing is sent.

    Exits with 1 when something needs attention.
    """
    from noctule.stages.webhooks.doctor import check_text, diagnose

    output = Output(lang or "en", as_json=as_json)
    diagnosis = diagnose(inbox, folder, providers)
    for check in diagnosis.checks:
        mark, style = MARKS[check.severity]
        output.line(f"{mark} {check.route}: {check_text(check, output.language)}", style=style)
    if not diagnosis.checks:
        output.say("webhooks.empty")
    output.json(diagnosis.as_json(output.language))
    return options.exit_code(good=diagnosis.good)
