"""Three texts into one: what was generated, what the user made of it, what is generated now.

Where only one of the two changed something, its change holds. Where both changed the same lines,
`settle` may know how they go together; else both stand in the result, between markers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.project.line_diff import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

YOURS = "<<<<<<< yours"
BETWEEN = "======="
THEIRS = ">>>>>>> generated"
_OPEN = re.compile(r"^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} ", re.MULTILINE)

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """Lines that both changed, in three versions; each line with its newline."""

    base: Lines
    mine: Lines
    theirs: Lines


@dataclass(frozen=True)
class Merged:
    text: str
    conflicts: int
    """Places where markers stand."""


def merge(
    base: str, mine: str, theirs: str, settle: Callable[[Overlap], Lines | None] = lambda _: None
) -> Merged:
    """`mine` with what changed from `base` to `theirs`.

    No line that the user added is lost, and none that is new in `theirs`: a line of either is in
    the result, if need be between markers. `settle` gives the lines of an overlap, or None.
    """
    lines: list[str] = []
    conflicts = 0
    for overlap in _chunks(_split(base), _split(mine), _split(theirs)):
        settled = _plainly(overlap)
        if settled is None:
            settled = settle(overlap)
        if settled is None:
            conflicts += 1
            settled = _marked(overlap)
        lines += settled
    return Merged("".join(lines), conflicts)


def unresolved(text: str) -> bool:
    """Whether markers of an earlier merge, noctule's or git's, still stand in the text."""
    return _OPEN.search(text) is not None


def _split(text: str) -> Lines:
    """Lines with their newlines; the last one gets one too, since others may come to follow it."""
    lines = text.split("\n")
    return tuple(f"{line}\n" for line in (lines if lines[-1] else lines[:-1]))


def _chunks(base: Lines, mine: Lines, theirs: Lines) -> Iterator[Overlap]:
    """The texts cut at the lines that all three share; what is shared comes as an overlap of equal
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


def _plainly(overlap: Overlap) -> Lines | None:
    """Only one changed it, or both in the same way; None where each did something else."""
    if overlap.theirs in (overlap.base, overlap.mine):
        return overlap.mine
    return overlap.theirs if overlap.mine == overlap.base else None


def _marked(overlap: Overlap) -> Lines:
    """Both versions between markers; what they begin or end with alike stands outside."""
    mine, theirs = overlap.mine, overlap.theirs
    head = _alike(mine, theirs)
    tail = _alike(mine[head:][::-1], theirs[head:][::-1])
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


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
