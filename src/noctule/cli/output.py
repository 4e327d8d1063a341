"""What a command says, and where: talk for people, one JSON object for machines."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.messages import Language

DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Output:
    """Talk goes to standard output, or to standard error when the command prints JSON."""

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        self.language: Language = language
        self.as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self.terminal = self._stream.isatty()
        self._colours = self.terminal and "NO_COLOR" not in os.environ

    def say(self, key: str, **params: object) -> None:
        self.line(say(self.language, key, **params))

    def line(self, text: str = "", *, style: str | None = None) -> None:
        shown = click.style(text, fg=style) if style and self._colours else text
        click.echo(shown, file=self._stream, color=self._colours)

    def diff(self, text: str) -> None:
        """A unified diff, coloured on a terminal."""
        for line in text.splitlines():
            self.line(line, style=DIFF_COLOURS.get(line[:1]))

    @contextmanager
    def stage(self, name: str) -> Generator[Stage]:
        """Show that a stage runs, then its one-line result and its time.

        A stage that is stopped shows nothing: what stopped it does (`failure`).
        """
        stage = Stage(self, say(self.language, f"cli.stage_{name}"))
        stage.progress("")
        started = time.perf_counter()
        try:
            yield stage
        finally:
            self.overwrite("")
        self._close(stage, time.perf_counter() - started)

    def overwrite(self, text: str) -> None:
        """Put `text` in place of the terminal's last line; nothing where there is no terminal."""
        if self.terminal:
            click.echo(f"\r\x1b[2K{text}", nl=False, file=self._stream, color=True)

    def _close(self, stage: Stage, seconds: float) -> None:
        mark, style = ("✓", "green") if stage.good else ("✗", "red")
        told = say(self.language, "cli.ended", title=stage.title, result=stage.result)
        shown = click.style(mark, fg=style) if self._colours else mark
        took = f" ({seconds:.1f} s)" if self.terminal else ""
        click.echo(f"{shown} {told}{took}", file=self._stream, color=self._colours)

    def json(self, value: dict[str, Any]) -> None:
        """The one object on standard output; nothing unless the command was asked for JSON."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class Stage:
    """A running stage, and what it reports when it ends."""

    def __init__(self, output: Output, title: str) -> None:
        self._output = output
        self.title = title
        self.result = ""
        self.good = True

    def progress(self, text: str) -> None:
        """What it is doing now, on a terminal."""
        self._output.overwrite(f"· {self.title} … {text}")

    def ends(self, result: str, *, good: bool = True) -> None:
        self.result, self.good = result, good


def default_language(arguments: list[str]) -> Language:
    """French when the request among `arguments` is French, else English."""
    from noctule.stages.language import detect_language

    words = [a for a in arguments[1:] if not a.startswith("-") and " " in a]
    return detect_language(words[0]) if words else "en"
