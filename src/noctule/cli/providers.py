"""`noctule providers`: what noctule knows out of the box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.messages import Language
    from noctule.stages.providers import Pack


@click.command("providers", short_help="List the providers that noctule knows.")
@options.as_json
@options.lang
def command(as_json: bool, lang: Language | None) -> None:
    """List the providers that noctule knows: their needs, and what their webhook signatures cover.

    For most of them noctule knows the webhooks only. Their operations, and any other provider, come
    from an API document: noctule integrate "…" --doc FILE.
    """
    from noctule.stages import providers

    output = Output(lang or "en", as_json=as_json)
    packs = providers.list_providers()
    _show(output, "cli.providers_whole", (pack for pack in packs if pack.complete))
    _show(output, "cli.providers_webhooks", (pack for pack in packs if not pack.complete))
    output.json({"providers": [providers.as_json(pack, output.language) for pack in packs]})


def _show(output: Output, title: str, packs: Iterable[Pack]) -> None:
    from noctule.stages.providers import signature_coverage, signature_unconfirmed

    output.say(title)
    for pack in packs:
        webhooks = say(output.language, f"cli.webhooks_{signature_coverage(pack)}")
        if signature_unconfirmed(pack):
            webhooks = f"{webhooks}; {say(output.language, 'cli.providers_unconfirmed')}"
        if retired := pack.retired:
            alternative = retired.alternative(output.language)
            webhooks = say(
                output.language,
                "cli.providers_retired",
                since=retired.since,
                alternative=alternative,
            )
        output.line(f"  {pack.id:<18} {pack.name:<26} {webhooks}")
        needs = ", ".join(need.label(output.language) for need in pack.needs.values())
        if needs:
            output.line(f"  {'':<18} {needs}")
