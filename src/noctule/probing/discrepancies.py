"""Discrepancies: differences grouped by their cause, counted, the most telling first.

Two answers that differ at one place of the document for one reason are one discrepancy, whatever
operation showed it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from noctule.apidoc.importers.traffic import names_one_thing, template
from noctule.probing.differences import MOST_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.probing.comparison import Judged
    from noctule.probing.differences import Difference, Kind
    from noctule.probing.observation import Observation

Verdict = Literal["document", "provider", "unclear"]
Cause = tuple[str, str, str]

OMISSIONS = frozenset({
    "undocumented_member", "undocumented_status", "undocumented_path", "undocumented_header",
    "undocumented_credential", "media_type",
})  # fmt: skip
"""Kinds that contradict nothing that the document says."""
EVERYWHERE = frozenset({"undocumented_header", "undocumented_credential", "credential"})
"""Kinds that are one cause in all operations that show them."""
BY_NAME = frozenset({"undocumented_member", "missing_member"})
"""Kinds whose place in the document is that of the object, not of the member."""


@dataclass(frozen=True)
class Discrepancy:
    """One place where document and provider differ."""

    difference: Difference
    """As it was met first."""
    places: tuple[str, ...]
    """Where it was seen in answers, as `Difference.at`."""
    operations: tuple[str, ...]
    pointers: tuple[str, ...]
    """The places in the document, the first one that of `difference`."""
    times: int
    """In how many answers it was seen."""
    of: int
    """Of how many that could have shown it: the answers of these operations with such a status."""
    example: Observation = field(repr=False)
    values: tuple[object, ...] = field(repr=False)
    """What was observed; may hold a customer's data, so it is neither shown nor kept."""

    @property
    def kind(self) -> Kind:
        return self.difference.kind

    @property
    def pointer(self) -> str:
        return self.difference.pointer

    @property
    def contradicts(self) -> bool:
        """Whether the document says otherwise, rather than nothing."""
        return self.kind not in OMISSIONS

    @property
    def verdict(self) -> Verdict:
        """Who is wrong. A server error is the provider's; what some answers show and others do not
        is unclear, unless the document only leaves it out or claims too much."""
        if self.example.status >= 500:
            return "provider"
        loosens = self.kind in ("null", "missing_member", "enum", "bounds")
        return "document" if not self.contradicts or loosens or self.times == self.of else "unclear"

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "verdict": self.verdict,
            "pointer": self.pointer,
            "places": list(self.places),
            "operations": list(self.operations),
            "documented": self.difference.documented,
            "observed": self.difference.observed,
            "times": self.times,
            "of": self.of,
            "status": self.example.status,
        }


@dataclass
class _Seen:
    difference: Difference
    example: Observation
    places: dict[str, None] = field(default_factory=dict[str, None])
    operations: dict[str, None] = field(default_factory=dict[str, None])
    pointers: dict[str, None] = field(default_factory=dict[str, None])
    classes: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    values: list[object] = field(default_factory=list[object])
    times: int = 0


def discrepancies(judged: Iterable[Judged]) -> list[Discrepancy]:
    """Those of all observations: contradictions before omissions, successes before errors."""
    seen: dict[Cause, _Seen] = {}
    answers: dict[tuple[str, int], int] = defaultdict(int)
    for each in judged:
        key = each.operation.key if each.operation else _lost(each.observation)
        status_class = key, each.observation.status
        answers[status_class] += 1
        causes: set[Cause] = set()
        for difference, values in each.differences.items():
            cause = _cause(difference, each.observation)
            entry = seen.setdefault(cause, _Seen(difference, each.observation))
            entry.times += cause not in causes
            causes.add(cause)
            entry.places.setdefault(difference.at)
            entry.operations.setdefault(key)
            entry.pointers.setdefault(difference.pointer)
            entry.classes.add(status_class)
            entry.values += values[: MOST_VALUES - len(entry.values)]
    found = [
        Discrepancy(
            difference=entry.difference,
            places=tuple(entry.places),
            operations=tuple(entry.operations),
            pointers=tuple(entry.pointers),
            times=entry.times,
            of=sum(answers[status_class] for status_class in entry.classes),
            example=entry.example,
            values=tuple(entry.values),
        )
        for entry in seen.values()
    ]
    return sorted(found, key=lambda each: (not each.contradicts, each.example.status >= 400))


def _lost(observation: Observation) -> str:
    """An operation that the document lacks; segments that look like ids as variables."""
    segments = [segment for segment in observation.path.split("/") if segment]
    named = [
        "" if names_one_thing(segment, before) else segment
        for before, segment in zip(["", *segments], segments, strict=False)
    ]
    return f"{observation.method} {template(named)}"


def _cause(difference: Difference, observation: Observation) -> Cause:
    """What two differences have in common that are one discrepancy. Where a document describes one
    object again in each operation, the place in the answer tells that it is the same."""
    kind, pointer = difference.kind, difference.pointer
    if kind == "undocumented_path":
        return kind, _lost(observation), ""
    if kind in EVERYWHERE:
        return kind, difference.documented, difference.observed
    if kind in BY_NAME:
        shared = not pointer.startswith("#/paths/")
        return kind, pointer if shared else difference.at, difference.member
    if kind in ("undocumented_status", "media_type"):
        return kind, pointer, difference.observed
    return kind, pointer, ""
