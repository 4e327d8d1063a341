"""`noctule webhooks replay`: process events again."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import filters, find_event, inbox, opened, query_of
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.webhooks.operations.bulk_replay import Bulk
    from noctule.webhooks.store.base import Store

INTERRUPTED = 130


@click.command("replay", short_help="Process events again.")
@click.argument("events", metavar="[NUMBER|ID]…", nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="Every event: no filter is meant.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many a second.")
@click.option("--limit", type=click.IntRange(1), help="No more than so many.")
@click.option("--restart", is_flag=True, help="Begin anew, though one was interrupted.")
@click.option("--dry-run", is_flag=True, help="Only say what would be.")
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
    **given: Any,
) -> int:
    """Process events again: those named, or all that the filters find.

    The stored bytes are verified once more, as of the time they were received, with the secret that
    matched then: it has to be set here. A worker then takes them. Ends with 1 when some cannot be.

    With filters, the oldest comes first, and how far it is lies in the inbox: interrupted, even by
    kill -9, the same command goes on where it was. No event is queued twice, none is left out.
    """
    if not events and not everything and not any(given.values()):
        raise Problem("webhooks.replay_what", exit=Exit.USAGE)
    output = Output(lang or "en", as_json=as_json)
    with opened(inbox) as store:
        if events:
            outcomes = _named(store, events, rate or 0.0, dry_run=dry_run)
        else:
            bulk = _Bulk(output, store, given | {"limit": limit}, restart=restart)
            try:
                outcomes = bulk.run(rate or 0.0, dry_run=dry_run)
            except KeyboardInterrupt:
                if dry_run:
                    raise
                bulk.tell_stopped()
                return INTERRUPTED
    for outcome, count in outcomes.most_common():
        output.say(f"webhooks.replay_{outcome}", count=count)
    if not outcomes:
        output.say("webhooks.nothing")
    if dry_run:
        output.say("webhooks.dry")
    output.json({"outcomes": dict(outcomes), "dry_run": dry_run})
    good = set(outcomes) <= {"queued", "waiting", "quarantined"}
    return int(Exit.DONE if good else Exit.FINDINGS)


def _named(store: Store, names: tuple[str, ...], rate: float, *, dry_run: bool) -> Counter[str]:
    from noctule.webhooks.operations.admin import replay

    events = [find_event(store, name) for name in names]
    found = replay(store, events, now=time.time(), per_second=rate, dry_run=dry_run)
    return Counter[str](found.values())


class _Bulk:
    """All that the filters find. The options as they were typed are its name, so that the same
    command finds it again."""

    def __init__(
        self, output: Output, store: Store, given: dict[str, Any], *, restart: bool
    ) -> None:
        self._output = output
        self._store = store
        self._given = given
        typed = json.dumps(given, sort_keys=True)
        self._name = "replay " + hashlib.sha256(typed.encode()).hexdigest()[:16]
        if restart:
            store.end(self._name)

    def run(self, rate: float, *, dry_run: bool) -> Counter[str]:
        from noctule.webhooks.errors import EventConflict, InboxError
        from noctule.webhooks.operations.bulk_replay import replay_all

        query = query_of(**{**self._given, "limit": self._given["limit"] or sys.maxsize})
        bulks = replay_all(self._store, query, name=self._name, per_second=rate, dry_run=dry_run)
        bulk = next(bulks)
        if bulk.done:
            self._output.say("webhooks.replay_resumed", count=bulk.done, last=bulk.last)
        try:
            for bulk in bulks:
                self._output.overwrite(self._progress(bulk))
        except InboxError as error:
            if not dry_run and not isinstance(error, EventConflict):  # that one is somebody else's
                self._output.say("webhooks.replay_cut")
            raise
        finally:
            self._output.overwrite("")
        return Counter[str](bulk.outcomes)

    def tell_stopped(self) -> None:
        from noctule.webhooks.operations.bulk_replay import interrupted

        bulk = interrupted(self._store, self._name)
        self._output.overwrite("")
        self._output.say("webhooks.replay_stopped", count=bulk.done if bulk else 0)

    def _progress(self, bulk: Bulk) -> str:
        from noctule.messages import say

        return say(
            self._output.language,
            "webhooks.replay_progress",
            count=bulk.done,
            last=bulk.last,
            top=bulk.query.before - 1,
        )
