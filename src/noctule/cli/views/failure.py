"""Show the error that ends a command."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli.output import default_language, json_text, lines
from noctule.messages import say
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language


def show_failure(error: Exception, arguments: list[str]) -> int:
    """Show `error` as text, with `--json` also as one JSON object, and return its exit code.

    A question is always shown as JSON too, for programs that cannot answer at a terminal.
    """
    language = _language(arguments)
    if isinstance(error, Problem):
        if "--json" in arguments or error.exit == Exit.QUESTION:
            click.echo(json_text({"error": error.as_json(language)}))
        show_problem(error, language)
        return int(error.exit)
    report = _write_report(error)
    click.echo(say(language, "cli.bug", kind=type(error).__name__, report=report), err=True)
    return int(Exit.BUG)


def show_problem(problem: Problem, language: Language) -> None:
    """Print place, cause and next command to standard error."""
    cause = problem.cause(language)
    place = f"{problem.place}: " if problem.place and problem.place not in cause else ""
    click.echo(lines(f"noctule: {place}{cause}"), err=True)
    if next_step := problem.next_step(language):
        click.echo(lines(f"  {say(language, 'cli.next')} {next_step}"), err=True)


def _language(arguments: list[str]) -> Language:
    """The language of an error: `--lang`, else that of the request."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option == "--lang" and value in ("fr", "en"):
            return "fr" if value == "fr" else "en"
        if option in ("--lang=fr", "--lang=en"):
            return "fr" if option.endswith("fr") else "en"
    return default_language(arguments)


def _write_report(error: Exception) -> Path:
    """Write the traceback to a file that can be attached to a bug report."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="noctule-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        report.writelines(traceback.format_exception(error))
    return Path(report.name)
