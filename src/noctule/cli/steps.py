"""The stages as a command shows them; `integrate` runs all, other commands run one each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.cli.views import answer_to, changes_json, counted, show_changes, show_tests
from noctule.messages import say
from noctule.planning import Question

if TYPE_CHECKING:
    from noctule.cli.output import Output
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.stages.generate import Generated
    from noctule.stages.knowledge import Knowledge, TaskFile
    from noctule.stages.plan import Planned, Wish
    from noctule.stages.prove import Matrix
    from noctule.stages.test import TestReport


def plan_step(output: Output, project: Project, wish: Wish, *, dry_run: bool) -> Planned:
    """Plan, asking the planner's questions of whoever is there. Raises `Problem`."""
    from noctule.checks.operations import operations_of
    from noctule.stages.plan import AnswerNeeded, plan_task

    with output.stage("plan") as stage:
        while isinstance(planned := plan_task(project, wish), Question):
            output.overwrite("")
            answer = answer_to(output, planned)
            if answer is None:
                raise AnswerNeeded(planned)
            wish = wish.answered(planned, answer)
        if not dry_run:
            planned.write()
        task, knowledge = planned.file.task, planned.knowledge
        operations = operations_of(task, knowledge.document, knowledge.pack)
        stage.ends(
            say(
                output.language,
                "cli.planned",
                methods=len(operations),
                events=len(task.webhooks),
                document=task.document.source,
            )
        )
    show_changes(output, [planned.change], diffs=dry_run)
    for refusal in task.refused:
        output.say("cli.refused", what=refusal.what, reason=refusal.reason)
        output.say("cli.instead", alternative=refusal.alternative)
    return planned


def generate_step(
    output: Output, project: Project, file: TaskFile, knowledge: Knowledge, *, dry_run: bool
) -> Generated:
    from noctule.stages.generate import generate

    with output.stage("generate") as stage:
        generated = generate(project, file, knowledge)
        if not dry_run:
            generated.write()
        stage.ends(counted(output, generated.changes), good=not generated.conflict)
    show_changes(output, generated.changes, diffs=dry_run)
    if generated.conflict and not dry_run:
        output.say("cli.conflicts")
    return generated


def test_step(output: Output, project: Project, task: IntegrationTask) -> TestReport | None:
    """Run the generated tests; None where the task has none, or the user deleted them."""
    from noctule.stages.test import TIME_LIMIT, WHOLE_LIMIT, run_tests, suites_of

    suites = suites_of(project, task)
    if not suites:
        return None
    with output.stage("test") as stage:
        limit = WHOLE_LIMIT if task.scope == "whole" else TIME_LIMIT
        report = run_tests(project, *suites, limit=limit)
        told = say(output.language, "cli.tested", passed=report.passed, failed=report.failed)
        stage.ends(f"{told} ({', '.join(suites)})", good=report.green)
    show_tests(output, report)
    return report


def prove_step(
    output: Output, project: Project, file: TaskFile, knowledge: Knowledge, **options: Any
) -> Matrix:
    """Prove; the matrix is left for the command to show, in short or row by row."""
    from noctule.stages.prove import prove_task

    with output.stage("prove") as stage:
        matrix = prove_task(
            project,
            file,
            knowledge,
            on_row=lambda row: stage.progress(f"{row.method}: {row.fault}"),
            **options,
        )
        held, total = matrix.promises
        stage.ends(say(output.language, "cli.proved", held=held, total=total), good=matrix.held)
    return matrix


def planned_json(planned: Planned, *, dry_run: bool) -> dict[str, Any]:
    """What `plan` says to a machine."""
    task = planned.file.task
    (change,) = changes_json([planned.change], diffs=dry_run)
    return {
        "task": change,
        "confidence": planned.plan.confidence,
        "service": task.service,
        "scope": task.scope,
        "document": {"source": task.document.source, "sha256": task.document.sha256},
        "methods": [
            {"name": method.name, "operation": method.operation, "source": method.source}
            for method in task.methods
        ],
        "webhooks": [
            {"event": webhook.event, "endpoint": webhook.endpoint} for webhook in task.webhooks
        ],
        "reasons": [
            {"method": one.method, "why": one.why, "source": one.source}
            for one in planned.plan.reasons
        ],
        "left_out": [operation.key for operation in planned.plan.left_out],
        "refused": [
            {"what": one.what, "reason": one.reason, "alternative": one.alternative}
            for one in task.refused
        ],
    }
