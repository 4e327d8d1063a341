"""`noctule integrate`: from a request to a tested and proven integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.cli.output import Output
    from noctule.messages import Language
    from noctule.stages.integrate import IntegrationResult
    from noctule.stages.plan import PlanOptions


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

    REQUEST describes in English or French what you need: "Integrate Stripe for payments". The task
    is written to integrations/, the code where the project keeps such code. Running it again
    changes nothing. Your edits are kept: a new version is merged into an edited file.
    """
    output, plan_options = options.plan_options(request, lang, as_json=as_json, **answers)
    result = _integrate(output, folder, plan_options, dry_run=dry_run)
    code = options.exit_code(good=result.good, conflict=result.conflict)
    output.json({**result.as_json(), "exit": code})
    return code


def _integrate(
    output: Output, folder: Path, plan_options: PlanOptions, *, dry_run: bool
) -> IntegrationResult:
    from noctule.cli.steps import generate_step, plan_step, prove_step, test_step
    from noctule.cli.views.stages import show_next_steps
    from noctule.stages.integrate import IntegrationResult
    from noctule.stages.next_steps import next_steps
    from noctule.stages.prove import summary

    planned = plan_step(output, folder, plan_options, dry_run=dry_run)
    context = planned.context
    generated = generate_step(output, context, dry_run=dry_run)
    if dry_run:
        output.say("cli.dry")
        return IntegrationResult(planned, generated)
    tests = test_step(output, context)
    matrix = prove_step(output, context, few=context.task.scope == "whole")
    output.text(summary(matrix, output.language))
    steps = next_steps(context)
    show_next_steps(output, steps)
    return IntegrationResult(planned, generated, tests, matrix, steps)
