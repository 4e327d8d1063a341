"""`noctule providers`: what noctule knows out of the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.messages import Language
    from noctule.providers import Pack


@click.command("providers", short_help="List the providers that noctule knows.")
@options.as_json
@options.lang
def command(as_json: bool, lang: Language | None) -> None:
    """List the providers that noctule knows: their needs, and what their webhook signatures cover.

    Of most it knows the webhooks alone. Their operations, and any other provider, come from an API
    document: noctule integrate "…" --doc FILE.
    """
    from noctule.providers import packs

    output = Output(lang or "en", as_json=as_json)
    known = packs().values()
    _list(output, "cli.providers_whole", (pack for pack in known if pack.complete))
    _list(output, "cli.providers_webhooks", (pack for pack in known if not pack.complete))
    output.json({"providers": [_described(pack, output.language) for pack in known]})


def _list(output: Output, title: str, packs: Iterable[Pack]) -> None:
    output.say(title)
    for pack in packs:
        words = say(output.language, f"cli.webhooks_{_grade(pack)}")
        needs = ", ".join(need.label(output.language) for need in pack.needs.values())
        if _unconfirmed(pack):
            words = f"{words}; {say(output.language, 'cli.providers_unconfirmed')}"
        output.line(f"  {pack.id:<18} {pack.name:<26} {words}")
        if needs:
            output.line(f"  {'':<18} {needs}")


def _grade(pack: Pack) -> str:
    """What the signature of the provider's webhooks covers; "refused" where nothing signs them."""
    from noctule.webhooks import scheme_of

    if not pack.signature:
        return "refused" if pack.unsigned else "none"
    return scheme_of(pack.id).coverage


def _unconfirmed(pack: Pack) -> bool:
    """Whether nobody has tried the signature scheme on a real delivery."""
    from noctule.webhooks import scheme_of

    return bool(pack.signature) and scheme_of(pack.id).status == "unconfirmed"


def _described(pack: Pack, language: Language) -> dict[str, Any]:
    return {
        "id": pack.id,
        "name": pack.name,
        "homepage": pack.homepage,
        "environments": {
            name: {"base_url": environment.base_url, "note": environment.note(language)}
            for name, environment in pack.environments.items()
        },
        "needs": sorted(pack.needs),
        "operations": sorted(pack.operations),
        "webhooks": _grade(pack),
        "signature_unconfirmed": _unconfirmed(pack),
        "document": pack.document.official if pack.document else "",
        "compared": pack.document.compared if pack.document else "",
        "compared_with": pack.document.compared_with if pack.document else "",
        "errata": [
            {
                "id": erratum.id,
                "pointer": erratum.pointer,
                "says": erratum.says,
                "truth": erratum.truth,
                "text": erratum.label(language),
                "source": erratum.source,
            }
            for erratum in pack.errata
        ],
    }
