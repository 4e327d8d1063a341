"""Line breaks as `ruff format` makes them, at the project's width.

An expression is text with brackets in it. What does not fit on its line is broken at its last
brackets: the items of a call or a signature go on one line of their own when they fit there, else
one per line with a comma at the end; the items of a list or a dict go one per line at once.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

WIDTH = 88
INDENT = 4
_columns: ContextVar[int] = ContextVar("columns", default=WIDTH)


def columns() -> int:
    """Most columns of a line."""
    return _columns.get()


@contextmanager
def page(width: int) -> Generator[None]:
    """Lines have `width` columns inside the context."""
    token = _columns.set(width)
    try:
        yield
    finally:
        _columns.reset(token)


class Brackets(msgspec.Struct):
    """`open` and `close` include the text next to the brackets: `Operation(`, `) -> None:`."""

    open: str
    items: tuple[Code, ...]
    close: str
    kind: Literal["call", "collection", "signature", "imports"] = "call"
    line: str = ""
    """All of it on one line."""

    def __post_init__(self) -> None:
        self.line = self.open + ", ".join(map(flat, self.items)) + self.close


class Joined(msgspec.Struct):
    """Pieces one after the other."""

    pieces: tuple[Code, ...]
    line: str = ""

    def __post_init__(self) -> None:
        self.line = "".join(map(flat, self.pieces))


class Strings(msgspec.Struct, frozen=True):
    """String literals that Python joins, for a text that is too long for one line."""

    pieces: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.pieces)


Code = str | Brackets | Joined | Strings


def call(function: str, *items: Code, close: str = ")") -> Brackets:
    return Brackets(f"{function}(", items, close)


def collection(open_: str, items: Iterable[Code], close: str) -> Brackets:
    return Brackets(open_, tuple(items), close, "collection")


def joined(*pieces: Code) -> Joined:
    return Joined(pieces)


def flat(code: Code) -> str:
    """All of it on one line."""
    return code if isinstance(code, str) else code.line


def lay_out(code: Code, indent: int = 0, end: str = "") -> list[str]:
    """The lines of `code` followed by `end`, each with its indentation, in columns."""
    margin = " " * indent
    if isinstance(code, Strings):
        *first, last = code.pieces
        return [*(f"{margin}{piece}" for piece in first), f"{margin}{last}{end}"]
    line = f"{margin}{flat(code)}{end}"
    if width(line) <= columns():
        return [line]
    parts = _split(code)
    if parts is None:
        return [line]
    before, brackets, after = parts
    last = f"{margin}{brackets.close}{after}{end}"
    return [f"{margin}{before}{brackets.open}", *_inside(brackets, indent + INDENT), last]


def width(text: str) -> int:
    """Columns that `text` takes on a screen."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _inside(brackets: Brackets, indent: int) -> list[str]:
    if brackets.kind in ("call", "signature"):
        together = " " * indent + ", ".join(map(flat, brackets.items))
        single = len(brackets.items) == 1
        if width(together) <= columns() and not (single and brackets.kind == "signature"):
            return [together]
    comma = "," if len(brackets.items) > 1 or brackets.kind in ("signature", "imports") else ""
    if brackets.kind == "signature":
        return [line for item in brackets.items for line in _parameter(flat(item), indent, comma)]
    return [line for item in brackets.items for line in lay_out(item, indent, comma)]


def _parameter(text: str, indent: int, comma: str) -> list[str]:
    """A parameter; a union that does not fit goes on a line per option."""
    margin = " " * indent
    whole = f"{margin}{text}{comma}"
    if width(whole) <= columns():
        return [whole]
    depth = 0
    options = [""]
    for piece in re.split(r"( \| |[\[\]])", text):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        if piece == " | " and not depth:
            options.append("| ")
        else:
            options[-1] += piece
    return [f"{margin}{option}" for option in options[:-1]] + [f"{margin}{options[-1]}{comma}"]


def _split(code: Code) -> tuple[str, Brackets, str] | None:
    """The text before the last brackets with content, the brackets, and the text after them."""
    if isinstance(code, str | Strings):
        return None
    if isinstance(code, Brackets):
        return ("", code, "") if code.items else None
    for place in range(len(code.pieces) - 1, -1, -1):
        parts = _split(code.pieces[place])
        if parts is not None:
            before, brackets, after = parts
            head = "".join(map(flat, code.pieces[:place]))
            tail = "".join(map(flat, code.pieces[place + 1 :]))
            return head + before, brackets, after + tail
    return None
