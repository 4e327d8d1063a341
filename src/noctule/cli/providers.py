"""`noctule providers`: what noctule knows out of the box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output

if TYPE_CHECKING:
    from noctule.language import Language


@click.command("providers", short_help="List the providers that noctule knows.")
@options.as_json
@options.lang
def command(as_json: bool, lang: Language | None) -> None:
    """List the providers that noctule knows, and the needs each one answers.

    Any other provider works from its API document alone: noctule integrate "…" --doc FILE.
    """
    from noctule.providers import packs

    output = Output(lang or "en", as_json=as_json)
    known = packs()
    width = max(len(name) for name in known)
    for name, pack in known.items():
        needs = ", ".join(sorted(pack.needs))
        output.line(f"{name:<{width}}  {pack.name}: {needs}")
    output.json(
        {
            "providers": [
                {
                    "id": pack.id,
                    "name": pack.name,
                    "needs": sorted(pack.needs),
                    "operations": sorted(pack.operations),
                    "document": pack.document.official if pack.document else "",
                    "probed": pack.document.probed if pack.document else "",
                }
                for pack in known.values()
            ]
        }
    )
