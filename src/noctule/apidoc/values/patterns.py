"""The `pattern` keyword: match without backtracking, and make an example.

A document's pattern is a stranger's program. Those of a simple kind (literals, classes, groups,
alternatives, repeats, anchors) are run on sets of positions, in a bounded number of steps; those
that need more, and the others (look-around, back references, Unicode classes), are left unjudged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST = 1_000
"""Repeats above this are not written out, and longer texts not judged."""
MOST_STEPS = 100_000
"""Positions that one match may visit: repeats within repeats multiply."""
_TRIES = 33
WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
Ranges = tuple[tuple[str, str], ...]
CLASSES: Mapping[str, Ranges] = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": (("\t", "\r"), (" ", " ")),
}
"""The character class of an escape, as sorted ranges."""
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
PREFERRED = "a0A-_.@/ "
"""Characters an example takes first, where the class allows them."""


PRINTABLE = "".join(map(chr, range(33, 127)))


class UnsupportedError(ValueError):
    """The pattern is not of the simple kind."""


@dataclass(frozen=True)
class Chars:
    """One character: listed, in a range, or, when `negated`, any other."""

    ranges: Ranges
    negated: bool = False

    def admits(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated

    def example(self) -> str:
        firsts = "" if self.negated else self.ranges[0][0]
        return next(char for char in chain(PREFERRED, firsts, PRINTABLE) if self.admits(char))


@dataclass(frozen=True)
class Edge:
    """`^`, `$` or `\\b`: a place between characters."""

    kind: str

    def holds(self, text: str, at: int) -> bool:
        if self.kind == "b":
            return (text[at - 1 : at] in WORD and at > 0) != (at < len(text) and text[at] in WORD)
        return at == (len(text) if self.kind == "$" else 0)


@dataclass(frozen=True)
class PatternSequence:
    items: tuple[Part, ...]


@dataclass(frozen=True)
class Either:
    branches: tuple[Part, ...]


@dataclass(frozen=True)
class Repeat:
    item: Part
    least: int
    most: int


Part = Chars | Edge | PatternSequence | Either | Repeat


def matches(pattern: str, text: str) -> bool | None:
    """Whether the pattern is found in the text; None where the pattern cannot be judged."""
    part = parsed(pattern)
    if part is None or len(text) > LONGEST:
        return None
    try:
        return bool(Match(text).ends(part, frozenset(range(len(text) + 1))))
    except UnsupportedError:
        return None


@lru_cache(maxsize=4096)
def example(pattern: str, *, least: int = 0, most: int | None = None) -> str | None:
    """The shortest text found that matches and keeps the bounds; None where none is found."""
    part = parsed(pattern)
    if part is None or least > LONGEST:
        return None
    for extra in (*range(_TRIES), *range(max(_TRIES, least - _TRIES), least + 1)):
        try:
            text = written(part, extra)
        except UnsupportedError:  # and a longer one would be too long as well
            return None
        fits = len(text) >= least and (most is None or len(text) <= most)
        match = matches(pattern, text) if fits else False
        if match is not False:
            return text if match else None
    return None


@lru_cache(maxsize=4096)
def parsed(pattern: str) -> Part | None:
    try:
        return Parser(pattern).whole()
    except (UnsupportedError, IndexError, ValueError, RecursionError):
        return None


class Match:
    """A pattern run on one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps_left = MOST_STEPS

    def ends(self, part: Part, starts: frozenset[int]) -> frozenset[int]:
        """Where a match may end, for matches that start at any of `starts`.

        Raises `UnsupportedError` when that takes too many steps.
        """
        text = self.text
        self.steps_left -= len(starts) + 1
        if self.steps_left < 0:
            raise UnsupportedError("too many steps")
        match part:
            case Chars():
                return frozenset(a + 1 for a in starts if a < len(text) and part.admits(text[a]))
            case Edge():
                return frozenset(at for at in starts if part.holds(text, at))
            case PatternSequence(items):
                for item in items:
                    starts = self.ends(item, starts)
                return starts
            case Either(branches):
                return frozenset[int]().union(*(self.ends(each, starts) for each in branches))
            case Repeat(item, least, most):
                return self.repeated(item, least, most, starts)

    def repeated(self, item: Part, least: int, most: int, starts: frozenset[int]) -> frozenset[int]:
        for _ in range(least):
            starts = self.ends(item, starts)
        found = fresh = starts
        for _ in range(most - least):
            fresh = self.ends(item, fresh) - found
            if not fresh:
                break
            found |= fresh
        return found


def written(part: Part, extra: int) -> str:
    """A text the part matches, with up to `extra` turns of each repeat more than it must have.

    Raises `UnsupportedError` where that is longer than `LONGEST`.
    """
    match part:
        case Chars():
            return part.example()
        case Edge():
            return ""
        case PatternSequence(items):
            return _joined(written(item, extra) for item in items)
        case Either(branches):
            return written(branches[0], extra)
        case Repeat(item, least, most):
            turns = min(least + extra, most)
            return _joined(repeat(written(item, extra), turns)) if turns else ""


def _joined(texts: Iterable[str]) -> str:
    parts: list[str] = []
    length = 0
    for text in texts:
        parts.append(text)
        length += len(text)
        if length > LONGEST:
            raise UnsupportedError("too long")
    return "".join(parts)


def class_ranges(kind: str) -> Ranges:
    """The ranges of `\\d`, `\\w`, `\\s`; in capitals, what lies between them."""
    ranges = CLASSES[kind.lower()]
    if kind.islower():
        return ranges
    lows = ["\0", *(chr(ord(high) + 1) for _, high in ranges)]
    highs = [*(chr(ord(low) - 1) for low, _ in ranges), chr(0x10FFFF)]
    return tuple(zip(lows, highs, strict=True))


class Parser:
    """Recursive descent over the simple kind of ECMA-262 patterns."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def whole(self) -> Part:
        part = self.either()
        if self.at != len(self.text):
            raise UnsupportedError(self.text)
        return part

    def either(self) -> Part:
        branches = [self.sequence()]
        while self.took("|"):
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def sequence(self) -> Part:
        items: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            items.append(self.repeated(self.single()))
        return PatternSequence(tuple(items))

    def single(self) -> Part:
        char = self.next()
        match char:
            case "^" | "$":
                return Edge(char)
            case "(":
                return self.group()
            case "[":
                return self.char_class()
            case ".":
                return Chars((("\n", "\n"), ("\r", "\r")), negated=True)
            case "\\":
                return self.escape()
            case "*" | "+" | "?":
                raise UnsupportedError(self.text)
            case _:
                return Chars(((char, char),))

    def group(self) -> Part:
        if self.took("?"):
            named = self.took("P<") or (self.took("<") and self.text[self.at] not in "=!")
            if named:
                self.at = self.text.index(">", self.at) + 1
            elif not self.took(":"):
                raise UnsupportedError(self.text)
        part = self.either()
        if not self.took(")"):
            raise UnsupportedError(self.text)
        return part

    def repeated(self, item: Part) -> Part:
        least, most = 1, 1
        if self.took("*"):
            least, most = 0, LONGEST
        elif self.took("+"):
            least, most = 1, LONGEST
        elif self.took("?"):
            least, most = 0, 1
        elif self.at < len(self.text) and self.text[self.at] == "{":
            least, most = self.counted()
        else:
            return item
        self.took("?")
        return Repeat(item, least, most)

    def counted(self) -> tuple[int, int]:
        stop = self.text.index("}", self.at)
        low, comma, high = self.text[self.at + 1 : stop].partition(",")
        self.at = stop + 1
        least = int(low)
        most = int(high) if high else (LONGEST if comma else least)
        if not least <= most or least > LONGEST:
            raise UnsupportedError(self.text)
        return least, min(most, LONGEST)

    def char_class(self) -> Part:
        negated = self.took("^")
        ranges: list[tuple[str, str]] = []
        while not self.took("]"):
            low = self.class_item()
            if len(low) == 1 and low[0][0] == low[0][1] and self.range_goes_on():
                self.next()
                low = ((low[0][0], self.class_item()[0][1]),)
            ranges.extend(low)
        if not ranges or any(high < low for low, high in ranges):
            raise UnsupportedError(self.text)
        return Chars(tuple(ranges), negated)

    def range_goes_on(self) -> bool:
        return self.text[self.at] == "-" and self.text[self.at + 1] != "]"

    def class_item(self) -> Ranges:
        char = self.next()
        if char == "\\":
            kind = self.next()
            if kind.lower() in CLASSES:
                return class_ranges(kind)
            char = "\b" if kind == "b" else self.character(kind)
        return ((char, char),)

    def escape(self) -> Part:
        kind = self.next()
        if kind == "b":
            return Edge(kind)
        if kind.lower() in CLASSES:
            return Chars(class_ranges(kind))
        char = self.character(kind)
        return Chars(((char, char),))

    def character(self, kind: str) -> str:
        """The character of an escape."""
        if kind in ("x", "u"):
            width = 2 if kind == "x" else 4
            code = self.text[self.at : self.at + width]
            self.at += width
            return chr(int(code, 16))
        if kind in CONTROLS:
            return CONTROLS[kind]
        if kind.isalnum():
            raise UnsupportedError(self.text)
        return kind

    def next(self) -> str:
        char = self.text[self.at]
        self.at += 1
        return char

    def took(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False
