"""Which lines of two texts are the same line: by patience first, then by longest run.

Lines that stand once in both texts are anchors (`def create_refund(` is one, a closing bracket is
not), so that a method added between two others is seen as a method, not as brackets that moved.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Pair = tuple[int, int]


def matches(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Pairs of positions of equal lines, both rising."""
    found: list[Pair] = []
    spans = [(0, len(old), 0, len(new))]
    while spans:
        a, b, c, d = spans.pop()
        while a < b and c < d and old[a] == new[c]:
            found.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            found.append((b, d))
        if a == b or c == d:
            continue
        anchors = _anchors(old, new, a, b, c, d)
        if not anchors:
            found += _runs(old[a:b], new[c:d], a, c)
            continue
        for left, right in anchors:
            spans.append((a, left, c, right))
            found.append((left, right))
            a, c = left + 1, right + 1
        spans.append((a, b, c, d))
    return sorted(found)


def _anchors(old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int) -> list[Pair]:
    """The longest rising chain of lines that stand once in each span."""
    before, after = Counter(old[a:b]), Counter(new[c:d])
    places = {line: at for at, line in enumerate(new[c:d], c) if after[line] == 1}
    pairs = [
        (at, places[line])
        for at, line in enumerate(old[a:b], a)
        if before[line] == 1 and line in places
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[Pair]) -> list[Pair]:
    tops: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for at, (_, right) in enumerate(pairs):
        place = bisect_left(tops, right)
        back.append(ends[place - 1] if place else -1)
        tops[place : place + 1] = [right]
        ends[place : place + 1] = [at]
    chain: list[Pair] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = back[at]
    return chain[::-1]


def _runs(old: Sequence[str], new: Sequence[str], a: int, c: int) -> Iterator[Pair]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for left, right, size in matcher.get_matching_blocks():
        yield from ((a + left + step, c + right + step) for step in range(size))
