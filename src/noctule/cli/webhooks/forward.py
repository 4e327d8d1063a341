"""`noctule webhooks forward`: events to an application that is being developed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import filters, inbox, line_of, opened, query_of
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.messages import Language
    from noctule.webhooks.operations.forward import Bookmark, Sent
    from noctule.webhooks.store.base import Query, Store, Stored

EVERY = 0.3
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts while nobody answers at the target."""


@click.command("forward", short_help="Send events on to an application in development.")
@click.option("--to", "target", required=True, metavar="URL")
@click.option("--from-start", is_flag=True, help="Begin with the oldest event, not with the next.")
@click.option("--retry-failed", is_flag=True, help="First send again what the target refused.")
@click.option("--once", is_flag=True, help="End when there is nothing more to send.")
@filters
@inbox
@options.lang
def command(
    target: str,
    from_start: bool,
    retry_failed: bool,
    once: bool,
    inbox: str | None,
    lang: Language | None,
    **given: Any,
) -> int:
    """Send events on to an application in development, as they come; until Ctrl-C.

    What the target refuses is kept (--retry-failed). While nobody answers there, it waits, and goes
    on where it was; also after it was stopped itself. Ends with 1 if --once left something behind.
    """
    from noctule.webhooks.operations.forward import Bookmark
    from noctule.webhooks.store.open import default_place

    output = Output(lang or "en")
    place = inbox or default_place()
    try:
        mark = Bookmark.of(Path(".noctule"), place, target)
    except (ValueError, OSError) as error:
        raise Problem(
            "webhooks.no_bookmark", exit=Exit.OUTSIDE, place=target, cause=str(error)
        ) from error
    with opened(inbox) as store:
        forwarder = Forwarder(output, store, mark, target)
        query = query_of(100, **given)
        if not mark.path.exists() and not from_start:
            forwarder.begin_at_the_end()
        try:
            if retry_failed:
                forwarder.again()
            left = forwarder.run(query, once=once)
        except KeyboardInterrupt:
            left = False
    output.say("webhooks.forwarded", last=mark.last, failed=len(mark.failed))
    return int(Exit.FINDINGS if left or (once and mark.failed) else Exit.DONE)


class Forwarder:
    """Sends one event after the other to one target."""

    def __init__(self, output: Output, store: Store, mark: Bookmark, target: str) -> None:
        self._output = output
        self._store = store
        self._mark = mark
        self._target = target
        self._away = 0

    def begin_at_the_end(self) -> None:
        from noctule.webhooks.store.base import Query

        self._mark.last = max((event.seq for event in self._store.find(Query(limit=1))), default=0)
        self._mark.save()

    def again(self) -> None:
        for seq in list(self._mark.failed):
            event = self._store.get(seq)
            if event is not None:
                self._send(event)

    def run(self, query: Query, *, once: bool) -> bool:
        """Send what comes. With `once`, returns whether something was left: nobody answers."""
        while True:
            page = self._store.find(replace(query, after=self._mark.last, oldest_first=True))
            reached = all(self._send(event) != "unreachable" for event in page)
            if once and (not page or not reached):
                return not reached
            if not reached:
                time.sleep(WAITS[min(self._away, len(WAITS)) - 1])
            elif not page:
                time.sleep(EVERY)

    def _send(self, event: Stored) -> Sent:
        from noctule.webhooks.operations.forward import forward

        sent = forward(event, self._target, _post)
        if sent == "unreachable":
            self._away += 1
            if self._away == 1:
                self._output.say("webhooks.away", url=self._target)
            return sent
        self._away = 0
        self._mark.tried(event.seq, sent)
        mark, style = ("→", "green") if sent == "delivered" else ("✗", "red")
        self._output.line(f"{mark} {line_of(event)}", style=style)
        return sent


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    import httpx2

    try:
        return httpx2.post(url, headers=dict(headers), content=body, timeout=30).status_code
    except httpx2.HTTPError as error:
        raise OSError(type(error).__name__) from error
