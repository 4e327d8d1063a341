"""A three-way merge: the text as it was generated, as the user edited it, and as generated now.

Where only one side changed something, its change is taken. Where both changed the same lines,
`combine` may know how to join them; otherwise both versions are written between conflict markers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.project.merging.line_diff import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

YOURS = "<<<<<<< yours"
BETWEEN = "======="
THEIRS = ">>>>>>> generated"
_OPEN = re.compile(r"^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} ", re.MULTILINE)

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """Lines that both sides changed, in three versions; each line with its newline."""

    base: Lines
    mine: Lines
    theirs: Lines


@dataclass(frozen=True)
class Merged:
    text: str
    conflicts: int
    """How many places have conflict markers."""


FileMerge = Callable[[str, str, str, str], Merged]
"""The merge of a language: path, base, mine and theirs give the merged text."""


def merge(
    base: str, mine: str, theirs: str, combine: Callable[[Overlap], Lines | None] = lambda _: None
) -> Merged:
    """`mine` with the changes from `base` to `theirs`.

    No line that the user added is lost, and no line that is new in `theirs`: each is in the
    result, between markers if need be. `combine` returns the lines for an overlap, or None.
    """
    lines: list[str] = []
    conflicts = 0
    for overlap in _overlaps(_split(base), _split(mine), _split(theirs)):
        merged = _one_sided(overlap)
        if merged is None:
            merged = combine(overlap)
        if merged is None:
            conflicts += 1
            merged = _with_markers(overlap)
        lines += merged
    return Merged("".join(lines), conflicts)


def has_conflict_markers(text: str) -> bool:
    """Whether the text contains markers of an earlier merge, noctule's or git's."""
    return _OPEN.search(text) is not None


def _split(text: str) -> Lines:
    """Lines with their newlines; the last one gets one too, since others may follow it."""
    lines = text.split("\n")
    return tuple(f"{line}\n" for line in (lines if lines[-1] else lines[:-1]))


def _overlaps(base: Lines, mine: Lines, theirs: Lines) -> Iterator[Overlap]:
    """The texts cut at the lines that all three share; a shared line is an overlap of equal
    lines."""
    other = dict(matches(base, theirs))
    shared = [(at, left, other[at]) for at, left in matches(base, mine) if at in other]
    a = b = c = 0
    for at, left, right in shared:
        if (at, left, right) != (a, b, c):
            yield Overlap(base[a:at], mine[b:left], theirs[c:right])
        yield Overlap(base[at : at + 1], mine[left : left + 1], theirs[right : right + 1])
        a, b, c = at + 1, left + 1, right + 1
    yield Overlap(base[a:], mine[b:], theirs[c:])


def _one_sided(overlap: Overlap) -> Lines | None:
    """The lines where only one side changed, or both alike; None where the changes differ."""
    if overlap.theirs in (overlap.base, overlap.mine):
        return overlap.mine
    return overlap.theirs if overlap.mine == overlap.base else None


def _with_markers(overlap: Overlap) -> Lines:
    """Both versions between markers; a common start or end is left outside."""
    mine, theirs = overlap.mine, overlap.theirs
    head = _common_prefix(mine, theirs)
    tail = _common_prefix(mine[head:][::-1], theirs[head:][::-1])
    end = len(mine) - tail
    return (
        *mine[:head],
        f"{YOURS}\n",
        *mine[head:end],
        f"{BETWEEN}\n",
        *theirs[head : len(theirs) - tail],
        f"{THEIRS}\n",
        *mine[end:],
    )


def _common_prefix(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        count += 1
    return count
