"""`noctule webhooks tail`: events as they come."""

from __future__ import annotations

import json
import time
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
    from noctule.webhooks.store.base import Query, Store

EVERY = 0.3
OVERLAP = 200
"""Numbers before the last one that are looked at again: where many hosts take in, a smaller one
may come to be seen after a greater one."""


@click.command("tail", short_help="Show events as they come.")
@click.option("-n", "--lines", type=click.IntRange(0, 1000), default=10, show_default=True)
@click.option("--no-follow", is_flag=True, help="Only the last ones.")
@filters
@inbox
@options.as_json
@options.lang
def command(
    lines: int,
    no_follow: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **given: Any,
) -> int:
    """Show events as they come, and what was rejected; until Ctrl-C.

    With --json each one is an object in a line of its own.
    """
    output = Output(lang or "en", as_json=as_json)
    query = query_of(lines, **given)
    with opened(inbox) as store:
        tail = Tail(output, store, query)
        tail.show(query)
        output.say("webhooks.waiting") if not no_follow else None
        try:
            while not no_follow:
                time.sleep(EVERY)
                tail.follow()
        except KeyboardInterrupt:
            pass
    return int(Exit.DONE)


class Tail:
    """What was shown already, and what comes next."""

    def __init__(self, output: Output, store: Store, query: Query) -> None:
        self._output = output
        self._store = store
        self._query = query
        self._states: dict[int, str] = {}
        self._rejected = max((r.seq for r in store.rejections(1)), default=0)

    def follow(self) -> None:
        """Show what came since, and what has another state now."""
        after = max(0, max(self._states, default=0) - OVERLAP)
        self.show(replace(self._query, after=after, limit=1000))
        if self._query.state or self._query.type or self._query.text or self._query.id:
            return
        for rejected in reversed(self._store.rejections(20)):
            if rejected.seq > self._rejected and self._query.route in ("", rejected.route):
                self._rejected = rejected.seq
                self._line(rejection_json(rejected), rejection_line(rejected))

    def show(self, query: Query) -> None:
        if not query.limit:
            return
        for event in reversed(self._store.find(query)):
            if self._states.get(event.seq) != event.state:
                self._states[event.seq] = event.state
                if self._output.as_json:
                    self._line(event_json(event), "")
                else:
                    tell(self._output, event)
        for seq in sorted(self._states)[: -2 * OVERLAP]:
            del self._states[seq]

    def _line(self, data: dict[str, Any], text: str) -> None:
        if self._output.as_json:
            click.echo(json.dumps(data, ensure_ascii=False))
        else:
            self._output.line(text, style="red")
