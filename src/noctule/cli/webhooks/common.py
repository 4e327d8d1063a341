"""Options and views that the webhook commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.cli.output import Output
    from noctule.stages.webhooks.events import EventSummary, RejectionSummary
    from noctule.stages.webhooks.inbox import EventFilter

INTERRUPTED = 130
STYLES = {"done": "green", "dead": "red", "quarantined": "yellow", "unhandled": "yellow"}

inbox = click.option(
    "--inbox",
    metavar="PLACE",
    help="A file or a postgresql:// address; NOCTULE_INBOX by default.",
)
provider_routes = click.option(
    "--route",
    "providers",
    metavar="PROVIDER",
    multiple=True,
    help="One provider; repeatable.",
)


def event_filter(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose events; all of them by default."""
    for option in (
        click.option(
            "--until", metavar="TIME", default="", help="Only older events, as with --since."
        ),
        click.option(
            "--since", metavar="TIME", default="", help="Only newer events: 2h, 3d, or ISO 8601."
        ),
        click.option("--text", default="", help="Only events that contain all these words."),
        click.option("--id", default="", help="The provider's id of the event."),
        click.option(
            "--state",
            default="",
            help="pending, leased, done, unhandled, dead, quarantined, or dropped.",
        ),
        click.option("--type", default="", help="A type, or a family: 'invoice.*'."),
        click.option("--route", default="", help="Only events of one route."),
    ):
        command = option(command)
    return command


def as_filter(options: dict[str, str]) -> EventFilter:
    """The values of the options of `event_filter`."""
    from noctule.stages.webhooks.inbox import EventFilter

    return EventFilter(**options)


def event_line(event: EventSummary) -> str:
    """One event on one line."""
    from noctule.stages.webhooks.inbox import format_time

    copies = f" ×{event.copies + 1}" if event.copies else ""
    reason = f"  {event.reason}" if event.reason else ""
    return (
        f"#{event.seq}  {format_time(event.received_at)}  {event.route}  {event.type or '–'}"
        f"  {event.id or '–'}  {event.state}{copies}{reason}"
    )


def print_event(output: Output, event: EventSummary) -> None:
    output.line(event_line(event), style=STYLES.get(event.state))


def rejection_line(rejection: RejectionSummary) -> str:
    """One rejection on one line; `r7` is what `explain` takes."""
    from noctule.stages.webhooks.inbox import format_time

    causes = ", ".join(key for key, _, _ in rejection.causes)
    return (
        f"{rejection.name}  {format_time(rejection.at)}  {rejection.route}  {rejection.reason}"
        f"  {rejection.place}" + (f"  ({causes})" if causes else "")
    )
