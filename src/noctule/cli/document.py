"""`noctule document`: how good an API document is, and what it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation
    from noctule.apidoc.quality.score import ScoreLine
    from noctule.messages import Language
    from noctule.stages.document import Scored

SHOWN = 10
"""Lines of a score, before `--all`."""
named = click.argument("source", metavar="DOC")


@click.group("document", short_help="Look at an API document: its score, its operations.")
def command() -> None:
    """Look at an API document: its score, its operations."""


@command.command("score", short_help="Say how complete a document is, and what would help most.")
@named
@click.option(
    "--operation",
    "operations",
    metavar="'METHOD /path'",
    multiple=True,
    help="Only what this operation needs; repeatable.",
)
@click.option("--min", "least", type=click.IntRange(0, 100), help="End with 1 below this score.")
@click.option("--all", "every", is_flag=True, help="Every line, however little it costs.")
@options.as_json
@options.lang
def score(
    source: str,
    operations: tuple[str, ...],
    least: int | None,
    every: bool,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Say how complete the document DOC (path, address or "-") is, from 0 to 100.

    Each line is one kind of thing that is missing or wrong: the points it costs, its first place
    and its fix. Ends with 1 where `integrate` would stop, or the score is below `--min`.
    """
    from noctule.stages.document import score_document

    scored = score_document(source, operations)
    output = Output(lang or "en", as_json=as_json)
    show_score(output, scored, every=every)
    good = not scored.score.blocking and scored.score.points >= (least or 0)
    code = options.exit_code(good=good)
    output.json({**score_json(scored, output.language), "exit": code})
    return code


def show_score(output: Output, scored: Scored, *, every: bool) -> None:
    document, made = scored.document, scored.score
    name = f"{document.title} {document.version}".strip() or document.source
    output.say(
        "cli.document_score",
        name=printable(name),
        format=document.dialect,
        points=made.points,
        percentile=made.percentile,
        operations=made.operations,
    )
    shown = made.lines if every else made.lines[:SHOWN]
    for line in shown:
        show_line(output, line)
    if len(made.lines) > len(shown):
        output.say("cli.document_more", count=len(made.lines) - len(shown))
    if made.blocking:
        output.say("cli.document_stops")


def show_line(output: Output, line: ScoreLine) -> None:
    """What is missing, where first, and what the document's author would write."""
    mark, style = ("✗", "red") if line.blocking else ("·", None)
    first, *others = line.gaps
    more = f" {say(output.language, 'cli.document_places', count=len(others))}" if others else ""
    output.line(f"\n{-line.points:5.1f} {mark} {text_of(line, output.language)}", style=style)
    output.line(f"        {printable(first.pointer)}{more}")
    output.line(f"        {say(output.language, 'cli.fix')} {first.fix(output.language)}")


def text_of(line: ScoreLine, language: Language) -> str:
    """The first gap in words, said of all the operations that have one."""
    first, touched = line.gaps[0], {gap.operation for gap in line.gaps}
    if len(touched) > 1:
        several = say(
            language, "cli.document_operations", count=len(touched), first=first.operation
        )
        first = replace(first, operation=several)
    return printable(first.text(language))


def score_json(scored: Scored, language: Language) -> dict[str, Any]:
    document, made = scored.document, scored.score
    return {
        "document": document.source,
        "title": document.title,
        "version": document.version,
        "format": document.dialect,
        "operations": made.operations,
        "score": made.points,
        "percentile": made.percentile,
        "stops": made.blocking,
        "findings": [
            {
                "kind": line.kind,
                "stops": line.blocking,
                "points": line.points,
                "text": line.gaps[0].text(language),
                "fix": line.gaps[0].fix(language),
                "places": [
                    {"operation": gap.operation, "pointer": gap.pointer, "detail": gap.detail}
                    for gap in line.gaps
                ],
            }
            for line in made.lines
        ],
    }


@command.command("list", short_help="List a document's operations.")
@named
@click.argument("words", nargs=-1)
@options.as_json
def list_(source: str, words: tuple[str, ...], as_json: bool) -> None:
    """List the operations of DOC whose key, name or summary holds every one of WORDS."""
    from noctule.apidoc import load
    from noctule.stages.document import operations_matching

    output = Output("en", as_json=as_json)
    found = operations_matching(load(source), words)
    width = min(max((len(operation.key) for operation in found), default=0), 60)
    for operation in found:
        output.line(f"{printable(operation.key):<{width}}  {printable(operation.summary)}".rstrip())
    output.json({"operations": [operation_json(operation) for operation in found]})


def operation_json(operation: ApiOperation) -> dict[str, Any]:
    return {
        "key": operation.key,
        "id": operation.operation_id,
        "summary": operation.summary,
        "tags": list(operation.tags),
        "deprecated": operation.deprecated,
        "pointer": operation.pointer,
    }


def printable(text: str) -> str:
    """One line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


@command.command("show", short_help="Print a document as noctule reads it.")
@named
def show(source: str) -> None:
    """Print DOC as JSON; a Postman collection or a HAR capture as the OpenAPI it amounts to."""
    import json

    from noctule.apidoc import load

    click.echo(json.dumps(dict(load(source).raw), ensure_ascii=False, indent=2))
