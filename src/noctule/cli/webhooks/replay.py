"""`noctule webhooks replay`: process events again."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import filters, find_event, inbox, opened, query_of
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.language import Language


@click.command("replay", short_help="Process events again.")
@click.argument("events", metavar="[NUMBER|ID]…", nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="Every event: no filter is meant.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many a second.")
@click.option("--limit", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be.")
@inbox
@options.as_json
@options.lang
def command(
    events: tuple[str, ...],
    everything: bool,
    rate: float | None,
    limit: int,
    dry_run: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **given: Any,
) -> int:
    """Process events again: those named, or all that the filters find.

    The stored bytes are verified once more, as of the time they were received, with the secret that
    matched then: it has to be set here. A worker then takes them. Ends with 1 when some cannot be.
    """
    from noctule.webhooks.operate import replay, replay_all

    if not events and not everything and not any(given.values()):
        raise Problem("webhooks.replay_what", exit=Exit.USAGE)
    output = Output(lang or "en", as_json=as_json)
    now = time.time()
    outcomes: Counter[str] = Counter()
    with opened(inbox) as store:
        if events:
            named = [find_event(store, name) for name in events]
            found = replay(store, named, now=now, per_second=rate or 0.0, dry_run=dry_run)
            outcomes.update(found.values())
        else:
            pages = replay_all(
                store, query_of(limit, **given), now=now, per_second=rate or 0.0, dry_run=dry_run
            )
            for bulk in pages:
                outcomes = Counter[str](bulk.outcomes)
                output.overwrite(str(sum(outcomes.values())))
            output.overwrite("")
    for outcome, count in outcomes.most_common():
        output.say(f"webhooks.replay_{outcome}", count=count)
    if not outcomes:
        output.say("webhooks.nothing")
    if dry_run:
        output.say("webhooks.dry")
    output.json({"outcomes": dict(outcomes), "dry_run": dry_run})
    good = set(outcomes) <= {"queued", "waiting"}
    return int(Exit.DONE if good else Exit.FINDINGS)
