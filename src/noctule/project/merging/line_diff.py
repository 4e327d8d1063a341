"""Matching lines of two texts: patience diff first, then longest matching blocks.

Lines that occur once in both texts are anchors (`def create_refund(` is one, a closing bracket is
not), so that a method added between two others is recognised as a method, not as moved brackets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LinePair = tuple[int, int]
"""Positions of a line in the old and the new text."""


def matches(old: Sequence[str], new: Sequence[str]) -> list[LinePair]:
    """The positions of equal lines, rising in both texts."""
    pairs: list[LinePair] = []
    spans = [(0, len(old), 0, len(new))]
    while spans:
        a, b, c, d = spans.pop()
        while a < b and c < d and old[a] == new[c]:
            pairs.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            pairs.append((b, d))
        if a == b or c == d:
            continue
        anchors = _anchors(old, new, a, b, c, d)
        if not anchors:
            pairs += _runs(old[a:b], new[c:d], a, c)
            continue
        for left, right in anchors:
            spans.append((a, left, c, right))
            pairs.append((left, right))
            a, c = left + 1, right + 1
        spans.append((a, b, c, d))
    return sorted(pairs)


def _anchors(
    old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int
) -> list[LinePair]:
    """The longest rising chain of lines that occur once in each span."""
    before, after = Counter(old[a:b]), Counter(new[c:d])
    places = {line: at for at, line in enumerate(new[c:d], c) if after[line] == 1}
    pairs = [
        (at, places[line])
        for at, line in enumerate(old[a:b], a)
        if before[line] == 1 and line in places
    ]
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[LinePair]) -> list[LinePair]:
    tops: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for at, (_, right) in enumerate(pairs):
        place = bisect_left(tops, right)
        back.append(ends[place - 1] if place else -1)
        tops[place : place + 1] = [right]
        ends[place : place + 1] = [at]
    chain: list[LinePair] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = back[at]
    return chain[::-1]


def _runs(old: Sequence[str], new: Sequence[str], a: int, c: int) -> Iterator[LinePair]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for left, right, size in matcher.get_matching_blocks():
        yield from ((a + left + step, c + right + step) for step in range(size))
