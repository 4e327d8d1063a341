"""`noctule webhooks replay`: process events again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import INTERRUPTED, as_filter, event_filter, inbox
from noctule.messages import say
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.replay import ReplayProgress


@click.command("replay", short_help="Process events again.")
@click.argument("events", metavar="[NUMBER|ID]…", nargs=-1)
@event_filter
@click.option("--all", "everything", is_flag=True, help="Replay all events.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most this many a second.")
@click.option("--limit", type=click.IntRange(1), help="At most this many events.")
@click.option("--restart", is_flag=True, help="Start over instead of resuming.")
@click.option("--dry-run", is_flag=True, help="Show what would be replayed.")
@inbox
@options.as_json
@options.lang
def command(
    events: tuple[str, ...],
    everything: bool,
    rate: float | None,
    limit: int | None,
    restart: bool,
    dry_run: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **filters: str,
) -> int:
    """Process events again: the ones named, or all that the filters match.

    The stored bytes are verified again, as of the time they were received, with the secret that
    matched then, which must still be set. A worker then processes them. Exits with 1 when some
    cannot be replayed.

    With filters, the oldest event comes first, and the progress is kept in the inbox: after an
    interruption, even kill -9, the same command resumes there. No event is queued twice, and none
    is left out.
    """
    from noctule.stages.webhooks.replay import replay_events, replay_matching

    if not events and not everything and not any(filters.values()):
        raise Problem("webhooks.replay_what", exit=Exit.USAGE)
    output = Output(lang or "en", as_json=as_json)
    if events:
        result = replay_events(inbox, events, per_second=rate or 0.0, dry_run=dry_run)
    else:
        try:
            result = replay_matching(
                inbox,
                as_filter(filters),
                limit=limit,
                per_second=rate or 0.0,
                dry_run=dry_run,
                restart=restart,
                on_progress=lambda progress: _show(output, progress),
            )
        finally:
            output.overwrite("")
    if result.interrupted_after is not None:
        output.say("webhooks.replay_stopped", count=result.interrupted_after)
        return INTERRUPTED
    for outcome, count in result.outcomes.items():
        output.say(f"webhooks.replay_{outcome}", count=count)
    if not result.outcomes:
        output.say("webhooks.nothing")
    if dry_run:
        output.say("webhooks.dry")
    output.json(result.as_json())
    return options.exit_code(good=result.good)


def _show(output: Output, progress: ReplayProgress) -> None:
    if progress.resumed:
        output.say("webhooks.replay_resumed", count=progress.count, last=progress.last)
        return
    output.overwrite(
        say(
            output.language,
            "webhooks.replay_progress",
            count=progress.count,
            last=progress.last,
            top=progress.newest,
        )
    )
