"""`noctule webhooks list`: stored events, or rejections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import as_filter, event_filter, inbox, print_event, rejection_line

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("list", short_help="List stored events, or rejections.")
@event_filter
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="Events per page.",
)
@click.option("--before", type=click.IntRange(1), default=None, help="The next page: before #N.")
@click.option("--rejected", is_flag=True, help="List rejected deliveries instead.")
@inbox
@options.as_json
@options.lang
def command(
    limit: int,
    before: int | None,
    rejected: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **filters: str,
) -> int:
    """List stored events, or rejected deliveries, newest first."""
    from noctule.stages.webhooks.events import list_events, list_rejections

    output = Output(lang or "en", as_json=as_json)
    events = as_filter(filters)
    if rejected:
        rejections = list_rejections(inbox, route=events.route, limit=limit)
        for rejection in rejections:
            output.line(rejection_line(rejection))
        output.json({"rejections": [rejection.as_json() for rejection in rejections]})
        return options.exit_code(good=True)
    page = list_events(inbox, events, limit=limit, before=before or 0)
    for event in page.events:
        print_event(output, event)
    if not page.events:
        output.say("webhooks.nothing")
    output.json(page.as_json())
    return options.exit_code(good=True)
