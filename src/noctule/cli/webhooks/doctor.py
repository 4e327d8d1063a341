"""`noctule webhooks doctor`: what is wrong, or about to be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox, opened
from noctule.messages import say
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language

MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


@click.command("doctor", short_help="Check secrets, clocks, lag and silence.")
@click.option("--route", "names", metavar="PROVIDER", multiple=True, help="Repeatable.")
@inbox
@options.project
@options.as_json
@options.lang
def command(
    names: tuple[str, ...],
    inbox: str | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Check secrets, clocks, lag and silence, route by route; nothing is sent.

    Ends with 1 when there is something to look after.
    """
    from noctule.stages.webhooks.routes import routes_of
    from noctule.webhooks.operations.doctor import examine

    output = Output(lang or "en", as_json=as_json)
    try:
        routes = routes_of(folder, names)
    except Problem:
        if names:
            raise
        routes = []
    secrets = {route.provider: route.secrets for route in routes}
    with opened(inbox) as store:
        checks = list(examine(store, secrets, time.time()))
    told = [
        (check, say(output.language, f"webhooks.check_{check.key}", **check.values))
        for check in checks
    ]
    for check, text in told:
        mark, style = MARKS[check.severity]
        output.line(f"{mark} {check.route}: {text}", style=style)
    if not checks:
        output.say("webhooks.empty")
    output.json(
        {
            "checks": [
                {
                    "severity": check.severity,
                    "check": check.key,
                    "route": check.route,
                    **check.values,
                    "text": text,
                }
                for check, text in told
            ]
        }
    )
    good = all(check.severity == "good" for check in checks)
    return int(Exit.DONE if good else Exit.FINDINGS)
