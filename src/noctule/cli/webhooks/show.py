"""`noctule webhooks show`: one event, masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import event_line, inbox

if TYPE_CHECKING:
    from noctule.messages import Language

ON_FIRST_LINE = ("seq", "route", "type", "id", "state", "reason")


@click.command("show", short_help="Show one event, masked.")
@click.argument("event", metavar="[NUMBER|ID]", default="")
@inbox
@options.as_json
@options.lang
def command(event: str, inbox: str | None, as_json: bool, lang: Language | None) -> int:
    """Show one event, the last one by default: its state, headers and body, and where its
    handler failed last.

    Credentials and card numbers are masked.
    """
    from noctule.stages.webhooks.events import show_event

    output = Output(lang or "en", as_json=as_json)
    details = show_event(inbox, event)
    output.line(event_line(details.event))
    for key, value in details.event.as_json().items():
        if value not in (None, "") and key not in ON_FIRST_LINE:
            output.line(f"  {key}: {value}")
    if details.traceback:
        output.say("webhooks.failed_at")
        output.text(details.traceback)
    if details.pruned:
        output.say("webhooks.pruned")
    for name, value in details.headers:
        output.line(f"  {name}: {value}")
    if details.body:
        output.line()
        output.text(_pretty(details.body))
    output.json(details.as_json())
    return options.exit_code(good=True)


def _pretty(text: str) -> str:
    """JSON over several lines; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
