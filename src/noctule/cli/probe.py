"""`noctule probe`: where an API document and the provider differ."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.probe import Discrepancy, ProbeReport, SandboxOptions

INTERRUPTED = 130
MARKS = {"document": ("✗", "red"), "provider": ("!", "yellow"), "unclear": ("?", "yellow")}


def pairs(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping."""
    for each in given:
        if "=" not in each:
            raise click.BadParameter(f"{each!r} is not NAME=VALUE")
    return dict(each.split("=", 1) for each in given)


@click.command("probe", short_help="Find where an API document and the provider differ.")
@click.argument("source", metavar="DOC")
@click.option(
    "--sandbox",
    metavar="URL",
    help="Call the sandbox at this address; keys are read from the environment.",
)
@click.option(
    "--from",
    "capture",
    metavar="HAR",
    type=click.Path(path_type=Path),
    help="Call nothing: compare with a capture of real calls, as a browser or a proxy saves it.",
)
@click.option("--write", is_flag=True, help="Also create, change and delete objects of its own.")
@click.option(
    "--calls", type=click.IntRange(1, 10_000), default=60, show_default=True, help="The most calls."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 100),
    default=5.0,
    show_default=True,
    help="Calls per second; the sandbox may slow it down.",
)
@click.option(
    "--operation",
    "operations",
    metavar="'METHOD /path'",
    multiple=True,
    help="Only this operation; repeatable.",
)
@click.option(
    "--value",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="The value of a path parameter that no operation makes; repeatable.",
)
@click.option(
    "--auth",
    metavar="bearer|basic|header:NAME|none",
    default="",
    help="How to authenticate, where the document does not say.",
)
@click.option("--dry-run", is_flag=True, help="List the calls without making them.")
@click.option(
    "--overlay",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write an OpenAPI Overlay 1.1 that corrects the document.",
)
@options.as_json
@options.lang
def command(
    source: str,
    sandbox: str | None,
    capture: Path | None,
    write: bool,
    calls: int,
    rate: float,
    operations: tuple[str, ...],
    values: dict[str, str],
    auth: str,
    dry_run: bool,
    overlay: Path | None,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Find where the API document DOC (path or address) and the provider differ.

    Each line is one cause: members, statuses and media types that the document leaves out,
    required members that are missing, other types, null, formats, headers, credentials, base paths.
    No value of an answer is shown or written. Exits with 1 if anything differs.

    In a sandbox, only what needs no id is read, unless --write: then one object of each collection
    is created, read, listed, changed, deleted and read again. Objects that others made are neither
    read nor changed; what cannot be deleted is listed. FILE of --overlay is never written over.
    """
    from noctule.stages.probe import (
        SandboxOptions,
        probe_sandbox,
        probe_traffic,
        refuse_existing,
    )

    calls_nothing = not (write or dry_run or operations or values or auth)
    refuse_mixed(sandbox, capture, calls_nothing=calls_nothing)
    if overlay is not None:
        refuse_existing(overlay)
    output = Output(lang or "en", as_json=as_json)
    if capture is not None:
        report = probe_traffic(source, capture)
    else:
        selected = SandboxOptions(
            base_url=sandbox or "",
            writes=write,
            calls=calls,
            per_second=rate,
            operations=operations,
            values=values,
            auth=auth,
        )
        if dry_run:
            return show_steps(output, source, selected)
        report = probe_sandbox(source, selected, os.environ)
    show_report(output, report)
    if overlay is not None:
        report.write_overlay(overlay)
        output.say("cli.probe_overlay", path=overlay, count=report.correctable)
    interrupted = report.run is not None and report.run.interrupted
    code = INTERRUPTED if interrupted else options.exit_code(good=report.good)
    output.json({**report.as_json(), "exit": code})
    return code


def refuse_mixed(sandbox: str | None, capture: Path | None, *, calls_nothing: bool) -> None:
    if (sandbox is None) == (capture is None):
        raise click.UsageError("give either --sandbox URL or --from HAR")
    if capture is not None and not calls_nothing:
        raise click.UsageError("--from calls nothing; leave out the options of --sandbox")


def show_steps(output: Output, source: str, selected: SandboxOptions) -> int:
    from noctule.stages.probe import steps_of

    steps = steps_of(source, selected)
    writes = sum(step.writes for step in steps)
    output.say("cli.probe_steps", calls=len(steps), writes=writes, most=selected.calls)
    for step in steps:
        output.line(f"  {step.act:<10}  {step.operation.key}")
    code = options.exit_code(good=True)
    output.json(
        {
            "calls": [{"act": step.act, "operation": step.operation.key} for step in steps],
            "exit": code,
        }
    )
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
    if report.run is not None:
        output.say("cli.probe_made", made=report.run.made, left=len(report.run.left))
        for path in report.run.left:
            output.line(f"    {path}")
        if report.run.spent:
            output.say("cli.probe_spent")
        if report.run.interrupted:
            output.say("cli.probe_interrupted")
        if report.run.broken:
            output.say("cli.probe_broken")


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
