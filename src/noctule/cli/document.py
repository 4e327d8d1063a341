"""`noctule document`: how complete an API document is, and what it contains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output, json_text
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.document import ScoredDocument, ScoreLine

SHOWN = 10
"""Lines of a score, unless `--all` is given."""
source_argument = click.argument("source", metavar="DOC")


@click.group("document", short_help="Inspect an API document: its score, its operations.")
def command() -> None:
    """Inspect an API document: its score, its operations."""


@command.command("score", short_help="Score how complete a document is, and list what is missing.")
@source_argument
@click.option(
    "--operation",
    "operations",
    metavar="'METHOD /path'",
    multiple=True,
    help="Only what this operation needs; repeatable.",
)
@click.option("--min", "minimum", type=click.IntRange(0, 100), help="Exit with 1 below this score.")
@click.option("--all", "all_lines", is_flag=True, help="Every line, however little it costs.")
@options.as_json
@options.lang
def score(
    source: str,
    operations: tuple[str, ...],
    minimum: int | None,
    all_lines: bool,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Score how complete the document DOC (path, address or "-") is, from 0 to 100.

    Each line is one kind of thing that is missing or wrong: the points it costs, where it occurs
    first, and how to fix it. Exits with 1 if `integrate` would stop, or if the score is below
    `--min`.
    """
    from noctule.stages.document import score_document

    result = score_document(source, operations)
    output = Output(lang or "en", as_json=as_json)
    show_score(output, result, all_lines=all_lines)
    code = options.exit_code(good=result.good(minimum or 0))
    output.json({**result.as_json(output.language), "exit": code})
    return code


def show_score(output: Output, result: ScoredDocument, *, all_lines: bool) -> None:
    document, score = result.document, result.score
    name = f"{document.title} {document.version}".strip() or document.source
    output.say(
        "cli.document_score",
        name=name,
        format=document.dialect,
        points=score.points,
        percentile=score.percentile,
        operations=score.operations,
    )
    shown = score.lines if all_lines else score.lines[:SHOWN]
    for line in shown:
        show_line(output, line)
    if len(score.lines) > len(shown):
        output.say("cli.document_more", count=len(score.lines) - len(shown))
    if score.blocking:
        output.say("cli.document_stops")


def show_line(output: Output, line: ScoreLine) -> None:
    """What is missing, where it occurs first, and how to fix it."""
    mark, style = ("✗", "red") if line.blocking else ("·", None)
    first, *others = line.gaps
    more = f" {say(output.language, 'cli.document_places', count=len(others))}" if others else ""
    output.line()
    output.line(f"{-line.points:5.1f} {mark} {text_of(line, output.language)}", style=style)
    output.line(f"        {first.pointer}{more}")
    output.line(f"        {say(output.language, 'cli.fix')} {first.fix(output.language)}")


def text_of(line: ScoreLine, language: Language) -> str:
    """The text of the first gap, about all the operations that have one."""
    first, operations = line.gaps[0], {gap.operation for gap in line.gaps}
    if len(operations) > 1:
        subject = say(
            language, "cli.document_operations", count=len(operations), first=first.operation
        )
        first = replace(first, operation=subject)
    return first.text(language)


@command.command("list", short_help="List a document's operations.")
@source_argument
@click.argument("words", nargs=-1)
@options.as_json
def list_(source: str, words: tuple[str, ...], as_json: bool) -> None:
    """List the operations of DOC whose key, name or summary contains all WORDS."""
    from noctule.stages.document import list_operations, operation_json

    output = Output("en", as_json=as_json)
    operations = list_operations(source, words)
    width = min(max((len(operation.key) for operation in operations), default=0), 60)
    for operation in operations:
        summary = " ".join(operation.summary.split())
        output.line(f"{operation.key:<{width}}  {summary}".rstrip())
    output.json({"operations": [operation_json(operation) for operation in operations]})


@command.command("show", short_help="Print a document as noctule reads it.")
@source_argument
@click.option(
    "--overlay",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Apply this OpenAPI Overlay first.",
)
def show(source: str, overlay: Path | None) -> None:
    """Print DOC as JSON; a Postman collection or a HAR capture as the equivalent OpenAPI."""

    from noctule.stages.document import document_json

    click.echo(json_text(document_json(source, overlay)))
