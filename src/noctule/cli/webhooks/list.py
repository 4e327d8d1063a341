"""`noctule webhooks list`: stored events, or rejections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import (
    event_json,
    filters,
    inbox,
    opened,
    query_of,
    rejection_json,
    rejection_line,
    tell,
)
from noctule.problem import Exit

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("list", short_help="List stored events, or rejections.")
@filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--before", type=click.IntRange(1), default=None, help="The next page: before #N.")
@click.option("--rejected", is_flag=True, help="What was not accepted, instead.")
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
    **given: Any,
) -> int:
    """List stored events, newest first, or what was rejected."""
    output = Output(lang or "en", as_json=as_json)
    query = replace(query_of(limit, **given), before=before or 0)
    with opened(inbox) as store:
        if rejected:
            found = [r for r in store.rejections(limit) if query.route in ("", r.route)]
            for one in found:
                output.line(rejection_line(one))
            output.json({"rejections": [rejection_json(one) for one in found]})
            return int(Exit.DONE)
        events = store.find(query)
        for event in events:
            tell(output, event)
        if not events:
            output.say("webhooks.nothing")
        following = events[-1].seq if len(events) == limit else None
        output.json({"events": [event_json(event) for event in events], "before": following})
    return int(Exit.DONE)
