"""`noctule webhooks tail`: events as they arrive."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output, json_text
from noctule.cli.webhooks.common import as_filter, event_filter, inbox, print_event, rejection_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.messages import Language
    from noctule.stages.webhooks.events import EventSummary, RejectionSummary

POLL = 0.3


@click.command("tail", short_help="Show events as they arrive.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, 1000),
    default=10,
    show_default=True,
    help="How many of the last events to show first.",
)
@click.option("--no-follow", is_flag=True, help="Show the last events only.")
@event_filter
@inbox
@options.as_json
@options.lang
def command(
    lines: int,
    no_follow: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **filters: str,
) -> int:
    """Show events and rejections as they arrive, until Ctrl-C.

    With --json, each one is an object on a line of its own.
    """
    from noctule.stages.webhooks.events import follow_events

    output = Output(lang or "en", as_json=as_json)
    with follow_events(inbox, as_filter(filters)) as feed:
        _show(output, feed.latest(lines))
        if no_follow:
            return options.exit_code(good=True)
        output.say("webhooks.waiting")
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(POLL)
                _show(output, feed.updates())
    return options.exit_code(good=True)


def _show(output: Output, updates: Sequence[EventSummary | RejectionSummary]) -> None:
    from noctule.stages.webhooks.events import EventSummary

    for update in updates:
        if output.as_json:
            click.echo(json_text(update.as_json(), indent=None))
        elif isinstance(update, EventSummary):
            print_event(output, update)
        else:
            output.line(rejection_line(update), style="red")
