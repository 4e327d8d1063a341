"""What a command prints: messages for people, one JSON object for machines.

Events, documents and providers' texts are written by strangers. `printable` shows what would steer
a terminal, or hide or reorder text, as an escape; all that a command prints passes through it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unicodedata import category

import click

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.messages import Language

DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def printable(text: str, *, keep: str = "") -> str:
    """The text with every control, format, surrogate and unassigned character, and every separator
    but spaces, as `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`; the characters in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(c if _is_plain(c) or c in keep else _escape(c) for c in text)


def lines(text: str) -> str:
    """`printable`, for a text of several lines."""
    return printable(text, keep="\n\t")


def json_text(value: object, *, indent: int | None = 2) -> str:
    """A value as JSON for a terminal."""
    return json_lines(json.dumps(value, ensure_ascii=False, indent=indent))


def json_lines(text: str) -> str:
    """JSON text with `\\uNNNN` where `printable` would escape: the same value."""
    if all(map(_is_plain, text.replace("\n", ""))):
        return text
    return "".join(c if _is_plain(c) or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() or category(character) == "Zs"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class LogFormatter(logging.Formatter):
    """Log lines for a terminal: time and message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return lines(super().format(record))


def log_to_terminal(level: int) -> None:
    """Show log lines of this level and above on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=level, handlers=[handler])


class Output:
    """Messages go to standard output, or to standard error when the command prints JSON."""

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        self.language: Language = language
        self.as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self.terminal = self._stream.isatty()
        self._colours = self.terminal and "NO_COLOR" not in os.environ

    def say(self, key: str, **params: object) -> None:
        """Show a message; its parameters are on one line."""
        shown = {name: _on_one_line(value) for name, value in params.items()}
        self.text(say(self.language, key, **shown))

    def line(self, text: str = "", *, style: str | None = None) -> None:
        """Show one line: a line break in it is escaped too, so that no text forges a line."""
        self.text(printable(text, keep="\t"), style=style)

    def text(self, text: str, *, style: str | None = None) -> None:
        """Show a text of one or more lines."""
        text = lines(text)
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
            click.echo(f"\r\x1b[2K{printable(text)}", nl=False, file=self._stream, color=True)

    def _close(self, stage: StageLine, seconds: float) -> None:
        mark, style = ("✓", "green") if stage.good else ("✗", "red")
        result = lines(stage.result)
        text = say(self.language, "cli.stage_result", title=stage.title, result=result)
        styled = click.style(mark, fg=style) if self._colours else mark
        duration = f" ({seconds:.1f} s)" if self.terminal else ""
        click.echo(f"{styled} {text}{duration}", file=self._stream, color=self._colours)

    def json(self, value: dict[str, Any]) -> None:
        """Print the object to standard output if the command prints JSON."""
        if self.as_json:
            click.echo(json_text(value))


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


def _on_one_line(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def default_language(arguments: list[str]) -> Language:
    """French when the request among `arguments` is French, else English."""
    from noctule.stages.language import detect_language

    requests = [text for text in arguments[1:] if not text.startswith("-") and " " in text]
    return detect_language(requests[0]) if requests else "en"
