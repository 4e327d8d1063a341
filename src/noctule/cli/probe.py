"""`noctule probe`: where an API document and the provider differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.probe import Discrepancy, ProbeReport

MARKS = {"document": ("✗", "red"), "provider": ("!", "yellow"), "unclear": ("?", "yellow")}


@click.command("probe", short_help="Find where an API document and recorded traffic differ.")
@click.argument("source", metavar="DOC")
@click.option(
    "--from",
    "capture",
    metavar="HAR",
    type=click.Path(path_type=Path),
    required=True,
    help="A capture of real calls, as a browser or a proxy saves it.",
)
@click.option(
    "--overlay",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write an OpenAPI Overlay 1.1 that corrects the document.",
)
@options.as_json
@options.lang
def command(
    source: str, capture: Path, overlay: Path | None, as_json: bool, lang: Language | None
) -> int:
    """Find where the API document DOC (path or address) and recorded traffic differ.

    Each line is one cause: members, statuses and media types that the document leaves out,
    required members that are missing, other types, null, formats, base paths. No value of the
    traffic is shown or written. Exits with 1 if anything differs.
    """
    from noctule.stages.probe import probe_traffic

    report = probe_traffic(source, capture)
    output = Output(lang or "en", as_json=as_json)
    show_report(output, report)
    if overlay is not None:
        report.write_overlay(overlay)
        output.say("cli.probe_overlay", path=overlay, count=report.correctable)
    code = options.exit_code(good=report.good)
    output.json({**report.as_json(), "exit": code})
    return code


def show_report(output: Output, report: ProbeReport) -> None:
    output.say(
        "cli.probe_summary",
        differences=len(report.corrected),
        answers=report.answers,
        operations=report.operations,
    )
    for discrepancy, _ in report.corrected:
        show_discrepancy(output, discrepancy)


def show_discrepancy(output: Output, discrepancy: Discrepancy) -> None:
    mark, style = MARKS[discrepancy.verdict]
    text = say(
        output.language,
        f"probing.{discrepancy.kind}",
        place=discrepancy.places[0] or "/",
        documented=discrepancy.difference.documented,
        observed=discrepancy.difference.observed,
        operation=discrepancy.operations[0],
    )
    seen = say(output.language, "cli.probe_seen", times=discrepancy.times, of=discrepancy.of)
    output.line(f"{mark} {text} ({seen})", style=style)
    output.line(f"    {discrepancy.operations[0]}   {discrepancy.pointer}")
