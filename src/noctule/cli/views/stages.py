"""Views that several commands share: changed files, failed tests, a question, next steps."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.cli.output import Output
    from noctule.stages.generate import Action, Change
    from noctule.stages.next_steps import NextSteps
    from noctule.stages.plan import Planned, Question
    from noctule.stages.test import TestReport

INDENT = "  "
FOLDED_ABOVE = 12
"""How many files of one folder are listed one by one."""
FOLDED = frozenset({"create", "identical", "update"})
"""Actions that nobody has to look at."""


def show_changes(output: Output, changes: Sequence[Change], *, diffs: bool) -> None:
    """One line per file, and the diffs of conflicts; with `diffs` those of all files."""
    labels = {
        change.action: say(output.language, f"cli.action_{change.action}") for change in changes
    }
    width = max(map(len, labels.values()), default=0)
    for action, path in fold_changes(output, changes):
        output.line(f"{INDENT}{labels[action]:<{width}}  {path}")
    for change in changes:
        if change.diff and (diffs or change.conflict):
            output.diff(change.diff)


def fold_changes(output: Output, changes: Sequence[Change]) -> Iterator[tuple[Action, str]]:
    """Action and path of each change; many files of one folder with one action are one line."""
    groups = Counter((change.action, folder_of(change)) for change in changes)
    shown: set[tuple[Action, str]] = set()
    for change in changes:
        group = (change.action, folder_of(change))
        if groups[group] <= FOLDED_ABOVE or change.action not in FOLDED:
            yield change.action, change.path
        elif group not in shown:
            shown.add(group)
            folder, count = group[1] or ".", groups[group]
            yield change.action, say(output.language, "cli.folder", folder=folder, count=count)


def folder_of(change: Change) -> str:
    return change.path.rpartition("/")[0]


def count_changes(output: Output, changes: Sequence[Change]) -> str:
    """ "4 created, 1 kept"."""
    actions = [change.action for change in changes]
    return ", ".join(
        say(output.language, f"cli.count_{action}", count=actions.count(action))
        for action in dict.fromkeys(actions)
    )


def show_reasons(output: Output, planned: Planned) -> None:
    """Why each operation is planned and where it comes from, then those that were left out, and
    what a pack's document was compared with."""
    plan, document = planned.plan, planned.context.task.document
    for reason in plan.reasons:
        output.line(f"{INDENT}{reason.method}: {reason.operation}")
        output.line(f"{INDENT * 2}{reason.why}  [{reason.source}]")
    if plan.left_out:
        output.say("cli.left_out")
        for operation in plan.left_out:
            output.line(f"{INDENT}{operation.key}")
    if document.compared:
        output.say("cli.compared", date=document.compared, source=document.compared_with)


def show_tests(output: Output, report: TestReport) -> None:
    """The tests that failed, each with its reason."""
    for test, reason in report.failures:
        output.line(f"{INDENT}{test}", style="red")
        output.text(f"{INDENT * 2}{reason}")


def show_next_steps(output: Output, steps: NextSteps) -> None:
    """Variables to set, lines to add to the application, and the next command."""
    if steps.variables:
        output.say("cli.variables")
        width = max(len(variable.name) for variable in steps.variables)
        for variable in steps.variables:
            output.line(f"{INDENT}{variable.name:<{width}}  {variable.description}")
    for lines, file in ((steps.mount, steps.mount_file), (steps.start, steps.start_file)):
        if lines:
            output.say("cli.mount", app=file)
            for line in lines:
                output.line(INDENT + line)
    if steps.command:
        output.line(f"{say(output.language, 'cli.next')} {steps.command}")


def read_answer(output: Output, question: Question) -> str | None:
    """The answer of the user at the terminal; None without a terminal, or with --json."""
    if output.as_json or not (sys.stdin.isatty() and output.terminal):
        return None
    output.text(question.text)
    for number, choice in enumerate(question.choices, start=1):
        output.line(f"{INDENT}{number}. {choice.label or choice.value}")
    values = [choice.value for choice in question.choices]
    numbers = [str(number) for number in range(1, len(values) + 1)]
    answer: str = click.prompt(
        say(output.language, "cli.answer"),
        type=click.Choice([*numbers, *values]),
        show_choices=False,
    )
    return values[int(answer) - 1] if answer in numbers else answer
