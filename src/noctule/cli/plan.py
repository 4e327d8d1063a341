"""`noctule plan`: the integration task for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command("plan", short_help="Write the integration task for a request.")
@click.option("--explain", is_flag=True, help="Say why each operation is there.")
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

    The task names operations, events and variables that the provider really has, and says from
    where each one comes. It is yours to edit before `noctule generate`.
    """
    from noctule.cli.steps import plan_step, planned_json
    from noctule.cli.views import show_reasons
    from noctule.messages import say
    from noctule.project.location import open_project

    output, wish = options.wish_of(request, lang, as_json=as_json, **answers)
    project = open_project(folder, writes=not dry_run)
    planned = plan_step(output, project, wish, dry_run=dry_run)
    if explain:
        show_reasons(output, planned.plan)
    if dry_run:
        output.say("cli.dry")
    else:
        output.line(f"{say(output.language, 'cli.next')} noctule generate {planned.file.place}")
    output.json(planned_json(planned, dry_run=dry_run))
    return 0
