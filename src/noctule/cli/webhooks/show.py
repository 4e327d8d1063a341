"""`noctule webhooks show`: one event, masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import event_json, find_event, inbox, line_of, opened
from noctule.problem import Exit

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("show", short_help="Show one event, masked.")
@click.argument("event", metavar="[NUMBER|ID]", default="")
@inbox
@options.as_json
@options.lang
def command(event: str, inbox: str | None, as_json: bool, lang: Language | None) -> int:
    """Show one event, the last one by default: what is known of it, its headers and its body.

    Credentials and card numbers are masked.
    """
    from noctule.webhooks.operations.admin import show

    output = Output(lang or "en", as_json=as_json)
    with opened(inbox) as store:
        shown = show(find_event(store, event))
    output.line(line_of(shown.event))
    for key, value in event_json(shown.event).items():
        if value not in (None, "") and key not in ("seq", "route", "type", "id", "state", "reason"):
            output.line(f"  {key}: {value}")
    if shown.event.request is None:
        output.say("webhooks.pruned")
    for name, value in shown.headers:
        output.line(f"  {name}: {value}")
    if shown.body:
        output.line()
        output.line(_pretty(shown.body))
    data = event_json(shown.event)
    output.json(data | {"headers": [list(pair) for pair in shown.headers], "body": shown.body})
    return int(Exit.DONE)


def _pretty(text: str) -> str:
    """JSON over several lines; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
