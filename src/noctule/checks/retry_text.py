"""The text about retries in a task: written from the defaults, checked for contradictions.

A text such as "3 attempts, exponential backoff (1s, 2s, 4s)" gives the number of attempts twice,
and three waits make four attempts. `contradiction` finds where the two differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.messages import say
from noctule.text import fold

if TYPE_CHECKING:
    from noctule.messages import Language

WAITS = ("1s", "2s", "4s")
"""The waits between attempts, before the random share that is added."""
TIMEOUT = "10s"

_NUMBERS = {
    word: value
    for value, spelled in enumerate(
        ("one un une", "two deux", "three trois", "four quatre", "five cinq", "six", "seven sept",
         "eight huit", "nine neuf", "ten dix"),
        start=1,
    )
    for word in spelled.split()
}  # fmt: skip
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
_AGAIN = r"(?:more|additional|further|new|extra|autres?|nouve(?:lle|au)[sx]?)\s+"
_RETRIES = re.compile(
    rf"\b{_N}\s+(?:{_AGAIN}(?:attempts?|tries|essais?|tentatives?)"
    r"|(?:attempts?|tries|essais?|tentatives?)\s+(?:supplementaires?|de plus|after the first)"
    r"|re-?tr(?:y|ies)|re-?essais?|relances?|reprises?|repetitions?)\b"
    rf"|\b(?:retr(?:y|ied|ies)|reessaye?r?|relancer?|repeter)\s+{_N.replace('?P<n>', '?P<m>')}"
    r"\s+(?:times|fois)\b"
)
_ATTEMPTS = re.compile(
    rf"\b{_N}\s+(?:total\s+)?(?:attempts?|tries|essais?|tentatives?)\b"
    r"(?!\s+(?:supplementaires?|de plus|after the first|initial))"
)
_DURATION = r"\d+(?:[.,]\d+)?\s*(?:ms|s|sec|seconds?|secondes?|min|m)?"
_UNIT = re.compile(r"(?:ms|s|sec|seconds?|secondes?|min|m)$")
_BETWEEN = r"\s*(?:,\s*(?:then|puis|and|et)?|;|/|\bthen\b|\bpuis\b|\band\b|\bet\b)\s*"
_SEQUENCE = re.compile(
    rf"(?<![\w.]){_DURATION}(?:{_BETWEEN}{_DURATION})+(?!\s*,?\s*(?:…|\.\.\.|etc))"
)


@dataclass(frozen=True)
class Contradiction:
    statement: str
    """The wrong one: "3 attempts"."""
    waits: tuple[str, ...]
    attempts: int
    """The number that follows from the rest of the text."""


def retry_text(language: Language, waits: tuple[str, ...] = WAITS) -> str:
    return say(
        language,
        "checks.retry",
        retries=len(waits),
        attempts=len(waits) + 1,
        waits=", ".join(waits),
    )


def contradiction(text: str) -> Contradiction | None:
    """The first count in `text`, French or English, that another part of it contradicts."""
    plain = fold(text)
    counts: list[tuple[str, int]] = []
    rest = plain
    for match in _RETRIES.finditer(plain):
        counts.append((match.group(), _number(match.group("n") or match.group("m")) + 1))
        rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    counts += [(m.group(), _number(m.group("n"))) for m in _ATTEMPTS.finditer(rest)]
    waits = _waits(plain)
    attempts = len(waits) + 1 if waits else max((count for _, count in counts), default=0)
    for statement, count in counts:
        if count != attempts:
            return Contradiction(statement, waits, attempts)
    return None


def _number(text: str) -> int:
    return _NUMBERS.get(text) or int(text)


def _waits(plain: str) -> tuple[str, ...]:
    """The longest list of two or more durations: "1s, 2s, 4s", "1, 2 et 4 s"."""
    longest: tuple[str, ...] = ()
    for match in _SEQUENCE.finditer(plain):
        parts = re.split(_BETWEEN, match.group())
        unit = _UNIT.search(parts[-1].strip())
        if unit and len(parts) > len(longest):
            longest = tuple(
                part if _UNIT.search(part) else part + unit.group()
                for part in (re.sub(r"\s", "", part) for part in parts)
            )
    return longest
