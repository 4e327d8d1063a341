"""What a command prints: messages for people, one JSON object for machines."""

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
    """Messages go to standard output, or to standard error when the command prints JSON."""

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        self.language: Language = language
        self.as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self.terminal = self._stream.isatty()
        self._colours = self.terminal and "NO_COLOR" not in os.environ

    def say(self, key: str, **params: object) -> None:
        self.line(say(self.language, key, **params))

    def line(self, text: str = "", *, style: str | None = None) -> None:
        styled = click.style(text, fg=style) if style and self._colours else text
        click.echo(styled, file=self._stream, color=self._colours)

    def diff(self, text: str) -> None:
        """A unified diff, coloured on a terminal."""
        for line in text.splitlines():
            self.line(line, style=DIFF_COLOURS.get(line[:1]))

    @contextmanager
    def stage(self, name: str) -> Generator[StageLine]:
        """Show that a stage is running, then its one-line result and its time.

        A stage that raises shows nothing; `failure` shows the error.
        """
        stage = StageLine(self, say(self.language, f"cli.stage_{name}"))
        stage.progress("")
        started = time.perf_counter()
        try:
            yield stage
        finally:
            self.overwrite("")
        if not stage.skipped:
            self._close(stage, time.perf_counter() - started)

    def overwrite(self, text: str) -> None:
        """Replace the terminal's last line by `text`; without a terminal do nothing."""
        if self.terminal:
            click.echo(f"\r\x1b[2K{text}", nl=False, file=self._stream, color=True)

    def _close(self, stage: StageLine, seconds: float) -> None:
        mark, style = ("✓", "green") if stage.good else ("✗", "red")
        text = say(self.language, "cli.stage_result", title=stage.title, result=stage.result)
        styled = click.style(mark, fg=style) if self._colours else mark
        duration = f" ({seconds:.1f} s)" if self.terminal else ""
        click.echo(f"{styled} {text}{duration}", file=self._stream, color=self._colours)

    def json(self, value: dict[str, Any]) -> None:
        """Print the object to standard output if the command prints JSON."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class StageLine:
    """A running stage and its result."""

    def __init__(self, output: Output, title: str) -> None:
        self._output = output
        self.title = title
        self.result = ""
        self.good = True
        self.skipped = False

    def progress(self, text: str) -> None:
        """Show on a terminal what the stage is doing."""
        self._output.overwrite(f"· {self.title} … {text}")

    def end(self, result: str, *, good: bool = True) -> None:
        """What to show when the stage ends, and whether it went well."""
        self.result, self.good = result, good

    def skip(self) -> None:
        """There is nothing to do: show nothing."""
        self.skipped = True


def default_language(arguments: list[str]) -> Language:
    """French when the request among `arguments` is French, else English."""
    from noctule.stages.language import detect_language

    requests = [text for text in arguments[1:] if not text.startswith("-") and " " in text]
    return detect_language(requests[0]) if requests else "en"
