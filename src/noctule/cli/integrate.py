"""`noctule integrate`: the whole way, from a request to a proven integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.cli.output import Output
    from noctule.messages import Language
    from noctule.stages.next_steps import NextSteps


@click.command("integrate", short_help="Plan, generate, test and prove an integration.")
@options.planning
def command(
    request: str,
    folder: Path,
    dry_run: bool,
    as_json: bool,
    lang: Language | None,
    **answers: Any,
) -> int:
    """Plan, generate, test and prove an integration.

    REQUEST says in French or English what is needed: "Intégrer Stripe pour les paiements". The
    task goes to integrations/, the code where the project keeps such code. Running it again
    changes nothing; a file that you edited is never overwritten.
    """
    from noctule.cli.steps import generate_step, plan_step, planned_json, prove_step, test_step
    from noctule.project.location import open_project
    from noctule.stages.next_steps import next_steps

    output, wish = options.wish_of(request, lang, as_json=as_json, **answers)
    project = open_project(folder, writes=not dry_run)
    planned = plan_step(output, project, wish, dry_run=dry_run)
    file, knowledge = planned.file, planned.knowledge
    generated = generate_step(output, project, file, knowledge, dry_run=dry_run)
    result = planned_json(planned, dry_run=dry_run)
    result["files"] = options.files_json(generated.changes, diffs=dry_run)
    good = True
    if dry_run:
        output.say("cli.dry")
    else:
        report = test_step(output, project, file.task)
        if report is not None:
            result["tests"], good = report.as_json(), report.green
        matrix = prove_step(output, project, file, knowledge, few=file.task.scope == "whole")
        output.line(matrix.summary(output.language))
        result["proof"], good = matrix.as_json(), good and matrix.held
        _show_next(output, result, next_steps(project.root, file.task))
    code = options.exit_code(good=good, conflict=generated.conflict and not dry_run)
    output.json({**result, "exit": code})
    return code


def _show_next(output: Output, result: dict[str, Any], steps: NextSteps) -> None:
    from noctule.cli.views import show_next_steps

    show_next_steps(output, steps)
    result["env_vars"] = [variable.name for variable in steps.variables]
    result["mount"] = list(steps.mount)
    result["next"] = steps.command
