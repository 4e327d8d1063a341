"""`noctule webhooks sweep`: ask the provider for what was missed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox, opened, time_of, trouble, when
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.providers import Pack
    from noctule.webhooks.operations.backfill import Missed

SHOWN = 50


@click.command("sweep", short_help="Ask the provider for what was missed.")
@click.argument("provider")
@click.option("--since", metavar="TIME", default="24h", show_default=True, help="2h, 3d, ISO 8601.")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="What its path names.")
@click.option("--apply", is_flag=True, help="Take in what was missed, or have it sent again.")
@click.option("--route", default="", help="The route in the inbox; the provider by default.")
@click.option("--base-url", default="", help="The API's address; the pack's live one by default.")
@inbox
@options.as_json
@options.lang
def command(
    provider: str,
    since: str,
    apply: bool,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
    **given: Any,
) -> int:
    """Ask the provider what it sent, and compare with the inbox.

    Without --apply the difference is only told. With it, events that the API gives whole are stored
    and processed, and deliveries that it only lists are sent again by the provider. Ends with 1
    when something is missing.
    """
    from noctule.webhooks.operations import backfill

    output = Output(lang or "en", as_json=as_json)
    with trouble():
        pack = _pack(provider)
        fact = backfill.sweep_fact(pack)
        values = _values(given["pairs"])
        asked = time_of(since, "--since") or 0.0
        reach = max(asked, time.time() - fact.days * 86400)
        if reach > asked:
            output.say("webhooks.sweep_reach", provider=pack.name, days=fact.days)
        base = (given["base_url"] or pack.environments["live"].base_url).rstrip("/")
        client = _client(pack, base)
        route = given["route"] or pack.id
        with opened(inbox) as store, client:
            try:
                swept = backfill.find_missed(
                    store, route, fact, client, base, since=reach, values=values
                )
                taken = 0
                if apply and swept.missed and fact.redeliver:
                    taken = backfill.ask_again(fact, client, base, swept.missed, values)
                elif apply:
                    taken = backfill.take_in(store, route, pack.id, swept.missed)
            except KeyError as error:
                raise Problem(
                    "webhooks.sweep_names", exit=Exit.USAGE, place=fact.path, name=error.args[0]
                ) from error
    missed = swept.missed
    _tell(output, missed)
    key = "webhooks.swept" if swept.complete else "webhooks.swept_part"
    output.say(key, seen=swept.seen, missed=len(missed), since=when(reach))
    if apply and missed:
        output.say("webhooks.sent_again" if fact.redeliver else "webhooks.taken_in", count=taken)
    output.json(
        {
            "seen": swept.seen,
            "missed": [{"id": m.id, "type": m.type, "at": when(m.at)} for m in missed],
            "complete": swept.complete,
            "since": when(reach),
            "applied": taken,
        }
    )
    left = len(missed) - taken
    return int(Exit.FINDINGS if left or not swept.complete else Exit.DONE)


def _tell(output: Output, missed: tuple[Missed, ...]) -> None:
    for one in missed[:SHOWN]:
        output.line(f"{when(one.at)}  {one.type}  {one.id}")
    if len(missed) > SHOWN:
        output.say("webhooks.and_more", count=len(missed) - SHOWN)


def _pack(provider: str) -> Pack:
    from noctule.providers import find, packs

    pack = find(provider)
    if pack is None:
        known = ", ".join(i for i, p in packs().items() if p.webhook and p.webhook.sweep)
        raise Problem("webhooks.unknown_provider", exit=Exit.USAGE, place=provider, known=known)
    return pack


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    from urllib.parse import quote

    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Problem("webhooks.sweep_pair", exit=Exit.USAGE, place=f"--set {pair}")
        values[name] = quote(value, safe="")
    return values


def _client(pack: Pack, base: str) -> Any:
    """A client with the pack's credential; never in the clear but to this machine."""
    from urllib.parse import urlsplit

    import httpx2

    from noctule.runtime.secrets import env

    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise Problem("webhooks.sweep_clear", exit=Exit.REFUSED, place=base)
    if pack.auth is None or pack.auth.kind != "bearer":
        kind = pack.auth.kind if pack.auth else "none"
        raise Problem("webhooks.sweep_auth", exit=Exit.USAGE, place=pack.id, kind=kind)
    token = env(pack.auth.env["token"]).read().reveal()
    headers = {"authorization": f"Bearer {token}", "user-agent": "noctule", **pack.headers}
    return httpx2.Client(headers=headers, timeout=20, follow_redirects=False)
