"""The stages as a command shows them: `integrate` runs all of them, other commands one each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.cli.views.stages import INDENT, count_changes, read_answer, show_changes, show_tests
from noctule.messages import say

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.cli.output import Output
    from noctule.stages.context import TaskContext
    from noctule.stages.generate import Generated
    from noctule.stages.plan import Planned, PlanOptions
    from noctule.stages.prove import Matrix
    from noctule.stages.test import TestReport


def plan_step(output: Output, folder: Path, options: PlanOptions, *, dry_run: bool) -> Planned:
    """Plan; the planner's questions go to the user at the terminal. Raises `Problem`."""
    from noctule.stages.plan import AnswerNeeded, Question, plan_task, written

    def answered() -> Planned:
        nonlocal options
        while isinstance(planned := plan_task(folder, options, dry_run=dry_run), Question):
            output.overwrite("")
            answer = read_answer(output, planned)
            if answer is None:
                raise AnswerNeeded(planned)
            options = options.answered(planned, answer)
        return planned

    with output.stage("plan") as stage:
        planned = answered()
        if not dry_run:
            planned = written(planned, answered)
        task = planned.context.task
        stage.end(
            say(
                output.language,
                "cli.planned",
                methods=planned.methods,
                events=len(task.webhooks),
                document=task.document.source,
            )
        )
    show_changes(output, [planned.change], diffs=dry_run)
    for decision in planned.decisions:
        output.line(f"{INDENT}{decision}")
    for warning in planned.warnings:
        output.say("cli.warning", text=warning)
    for refusal in task.refused:
        output.say("cli.refused", what=refusal.what, reason=refusal.reason)
        output.say("cli.instead", alternative=refusal.alternative)
    return planned


def generate_step(output: Output, context: TaskContext, *, dry_run: bool) -> Generated:
    from noctule.stages.generate import generate, written

    with output.stage("generate") as stage:
        generated = generate(context)
        if not dry_run:
            generated = written(generated, lambda: generate(context))
        stage.end(count_changes(output, generated.changes), good=not generated.conflict)
    show_changes(output, generated.changes, diffs=dry_run)
    if generated.conflict and not dry_run:
        output.say("cli.conflicts")
    return generated


def test_step(output: Output, context: TaskContext) -> TestReport | None:
    """Run the generated tests; None if there are none."""
    from noctule.stages.test import run_task_tests

    with output.stage("test") as stage:
        report = run_task_tests(context)
        if report is None:
            stage.skip()
            return None
        counts = say(output.language, "cli.tested", passed=report.passed, failed=report.failed)
        stage.end(f"{counts} ({', '.join(report.paths)})", good=report.green)
    show_tests(output, report)
    return report


def prove_step(output: Output, context: TaskContext, **options: Any) -> Matrix:
    """Prove; the command shows the matrix, in short or row by row."""
    from noctule.stages.prove import prove_task

    with output.stage("prove") as stage:
        matrix = prove_task(
            context,
            on_row=lambda row: stage.progress(f"{row.method}: {row.fault}"),
            **options,
        )
        held, total = matrix.promises
        stage.end(say(output.language, "cli.proved", held=held, total=total), good=matrix.held)
    return matrix
