"""`noctule webhooks backfill`: ask the provider for missed events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.backfill import BackfillResult

SHOWN = 50


@click.command("backfill", short_help="Ask the provider for missed events.")
@click.argument("provider")
@click.option(
    "--since",
    metavar="TIME",
    default="24h",
    show_default=True,
    help="How far back: 2h, 3d, or ISO 8601.",
)
@click.option(
    "--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A placeholder of the API's path."
)
@click.option("--apply", is_flag=True, help="Store missed events, or have them sent again.")
@click.option("--route", default="", help="The route in the inbox; the provider by default.")
@click.option("--base-url", default="", help="The API's address; the pack's live one by default.")
@inbox
@options.as_json
@options.lang
def command(
    provider: str,
    since: str,
    pairs: tuple[str, ...],
    apply: bool,
    route: str,
    base_url: str,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Ask the provider what it sent, and compare with the inbox.

    Without --apply, only the difference is shown. With it, events that the API returns whole are
    stored and processed; deliveries that it only lists are sent again by the provider. Exits with 1
    when something is missing.
    """
    from noctule.stages.webhooks.backfill import backfill_events, parse_values

    output = Output(lang or "en", as_json=as_json)
    result = backfill_events(
        inbox,
        provider,
        since=since,
        apply=apply,
        values=parse_values(pairs),
        route=route,
        base_url=base_url,
    )
    _show(output, result, apply=apply)
    output.json(result.as_json())
    return options.exit_code(good=result.good)


def _show(output: Output, result: BackfillResult, *, apply: bool) -> None:
    from noctule.stages.webhooks.inbox import format_time

    if result.shortened:
        output.say("webhooks.backfill_limit", provider=result.provider, days=result.days_kept)
    for event in result.missed[:SHOWN]:
        output.line(f"{format_time(event.at)}  {event.type}  {event.id}")
    if len(result.missed) > SHOWN:
        output.say("webhooks.and_more", count=len(result.missed) - SHOWN)
    key = "webhooks.backfill_done" if result.complete else "webhooks.backfill_partial"
    since = format_time(result.since)
    output.say(key, seen=result.seen, missed=len(result.missed), since=since)
    if apply and result.missed:
        key = "webhooks.sent_again" if result.redelivered else "webhooks.taken_in"
        output.say(key, count=result.applied)
