"""What a command says, and where: talk for people, one JSON object for machines."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from noctule.language import say

if TYPE_CHECKING:
    from noctule.language import Language


class Output:
    """Talk goes to standard output, or to standard error when the command prints JSON."""

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        self.language: Language = language
        self.as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self._terminal = self._stream.isatty() and "NO_COLOR" not in os.environ

    def say(self, key: str, **params: object) -> None:
        self.line(say(self.language, key, **params))

    def line(self, text: str = "", *, style: str | None = None) -> None:
        shown = click.style(text, fg=style) if style and self._terminal else text
        click.echo(shown, file=self._stream, color=self._terminal)

    def diff(self, text: str) -> None:
        """A unified diff, coloured on a terminal."""
        colours = {"+": "green", "-": "red", "@": "cyan"}
        for line in text.splitlines():
            self.line(line, style=colours.get(line[:1]))

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Show that a stage runs, then its one-line result and its time."""
        stage = Stage()
        title = say(self.language, f"cli.stage_{name}")
        if self._terminal:
            click.echo(f"· {title} …", nl=False, file=self._stream)
        started = time.perf_counter()
        try:
            yield stage
        except BaseException:
            self._close_stage("✗", title, "", started, "red")
            raise
        mark, style = ("✓", "green") if stage.good else ("✗", "red")
        self._close_stage(mark, title, stage.result, started, style)

    def _close_stage(self, mark: str, title: str, result: str, started: float, style: str) -> None:
        took = f"{time.perf_counter() - started:.1f} s"
        if self._terminal:
            click.echo("\r\x1b[2K", nl=False, file=self._stream)
            mark = click.style(mark, fg=style)
        text = f"{title}: {result}" if result else title
        click.echo(f"{mark} {text} ({took})", file=self._stream, color=self._terminal)

    def json(self, value: dict[str, Any]) -> None:
        """The one object on standard output; nothing unless the command was asked for JSON."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class Stage:
    """What a running stage reports when it ends."""

    result = ""
    good = True

    def ends(self, result: str, *, good: bool = True) -> None:
        self.result, self.good = result, good


def default_language(arguments: list[str]) -> Language:
    """French when the request among `arguments` is French, else English."""
    from noctule.planning import detect_language

    words = [a for a in arguments[1:] if not a.startswith("-") and " " in a]
    return detect_language(words[0]) if words else "en"
