"""`noctule webhooks forward`: events to an application in development."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import as_filter, event_filter, event_line, inbox

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.events import EventSummary


@click.command("forward", short_help="Forward events to an application in development.")
@click.option(
    "--to", "target", required=True, metavar="URL", help="The address of the application."
)
@click.option("--from-start", is_flag=True, help="Start with the oldest event, not the next one.")
@click.option("--retry-failed", is_flag=True, help="First resend what the target refused.")
@click.option("--once", is_flag=True, help="End when there is nothing more to send.")
@event_filter
@inbox
@options.lang
def command(
    target: str,
    from_start: bool,
    retry_failed: bool,
    once: bool,
    inbox: str | None,
    lang: Language | None,
    **filters: str,
) -> int:
    """Forward events to an application in development as they arrive, until Ctrl-C.

    Events that the target refuses are kept (--retry-failed). While the target cannot be reached,
    the command waits. Restarted, it continues where it stopped. Exits with 1 if --once left
    something behind.
    """
    from noctule.stages.webhooks.forward import forward_events

    output = Output(lang or "en")

    def show(event: EventSummary, delivered: bool) -> None:
        mark, style = ("→", "green") if delivered else ("✗", "red")
        output.line(f"{mark} {event_line(event)}", style=style)

    result = forward_events(
        inbox,
        as_filter(filters),
        target,
        from_start=from_start,
        retry_failed=retry_failed,
        once=once,
        on_event=show,
        on_unreachable=lambda: output.say("webhooks.away", url=target),
    )
    output.say("webhooks.forwarded", last=result.last, failed=result.failed)
    return options.exit_code(good=result.complete)
