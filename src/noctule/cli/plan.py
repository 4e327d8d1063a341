"""`noctule plan`: the integration task for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.messages import say

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command("plan", short_help="Write the integration task for a request.")
@click.option("--explain", is_flag=True, help="Explain why each operation is included.")
@options.planning
def command(
    request: str,
    explain: bool,
    folder: Path,
    dry_run: bool,
    as_json: bool,
    lang: Language | None,
    **answers: Any,
) -> int:
    """Write the integration task for a request.

    The task names only operations, events and variables that the provider has, each with its
    source. Edit it as you like before `noctule generate`.
    """
    from noctule.cli.steps import plan_step
    from noctule.cli.views.stages import show_reasons

    output, plan_options = options.plan_options(request, lang, as_json=as_json, **answers)
    planned = plan_step(output, folder, plan_options, dry_run=dry_run)
    if explain:
        show_reasons(output, planned)
    if dry_run:
        output.say("cli.dry")
    else:
        place = planned.context.file.place
        output.line(f"{say(output.language, 'cli.next')} noctule generate {place}")
    output.json(planned.as_json(dry_run=dry_run))
    return options.exit_code(good=True)
