"""Names of records and enumerations, unique in a service."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from noctule.apidoc.naming.nouns import singular
from noctule.apidoc.naming.word_split import split_words
from noctule.codegen.model.naming import free

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.codegen.model.naming import Naming

INLINE_VALUES = 3
INLINE_WIDTH = 46
"""Most characters of a member's name and its enumeration's values on one line."""
MOST_VALUES = 24
"""An enumeration with more values is just a string."""
SORTS = ("Data", "Info", "Entry", "Details")
"""Suffixes for names that nothing else makes unique."""
LONGEST_NAME = 44
LONGEST_MEMBER = 36
LONGEST_PAIR = 54
"""Most characters of a member's name and its type's name together, to fit on a line."""


class NameAllocator:
    """Allocates names for records and enumerations, the best candidate that is free."""

    def __init__(self, naming: Naming, service: str, constants: Iterable[str] = ()) -> None:
        self._naming = naming
        self._service = service
        self._taken = {*naming.types, naming.service_type(service), *constants}
        self._choices: dict[tuple[str, frozenset[str]], str] = {}
        self._owners: dict[tuple[str, frozenset[str]], set[str]] = {}

    def record(self, *candidates: str, beside: str = "") -> str:
        """A type name from the first candidate that is free, short enough for the type of a member
        called `beside`."""
        naming, service = self._naming, self._service
        limit = min(LONGEST_NAME, max(LONGEST_PAIR - len(naming.member(beside)), 16))
        type_names = [naming.type(candidate) for candidate in candidates if candidate]
        first = naming.usable_type(type_names[0], service)
        if len(first) <= limit and first not in self._taken:
            self._taken.add(first)
            return first
        type_names += [
            *self._endings(type_names[-1], limit),
            naming.type(service) + type_names[0],
        ]
        type_names += [f"{name}{word}" for word in SORTS for name in type_names]
        names = [naming.usable_type(name, service) for name in type_names]
        return free([name for name in names if len(name) <= limit] or names, self._taken)

    def choice(self, values: tuple[str, ...], owner: str, wire: str, component: str) -> str | None:
        """The name of an enumeration; "" if its values are written in place, None if the member's
        name leaves no room for any. `component` is the document's name for it."""
        length = len(wire) + sum(len(value) + 4 for value in values)
        if len(values) <= INLINE_VALUES and length <= INLINE_WIDTH:
            return ""
        if len(self._naming.member(wire)) > LONGEST_MEMBER:
            return None
        whole = f"{owner}_{wire}"
        key = (wire, frozenset(values))
        if key not in self._choices:
            several = len(split_words(wire)) > 1
            candidates: Iterable[str] = (wire, whole) if several else (whole, wire)
            self._choices[key] = self.record(component, *candidates, beside=f"{wire} or str")
            self._owners[key] = {owner}
        self._owners[key].add(owner)
        return self._choices[key]

    def shared_choices(self) -> dict[str, str]:
        """New names for enumerations of several owners that are named after the first: their own
        name, if no other enumeration has it."""
        own = Counter(self._naming.type(wire) for wire, _ in self._choices)
        names: dict[str, str] = {}
        for key, name in self._choices.items():
            better = self._naming.type(key[0])
            common = len(self._owners[key]) > 1 and own[better] == 1
            if common and name != better and name.endswith(better) and better not in self._taken:
                self._taken.add(better)
                names[name] = better
        return names

    def _endings(self, name: str, limit: int) -> list[str]:
        """The last words of a name, as many as fit and then fewer."""
        parts = split_words(name)
        endings = ["".join(parts[at:]) for at in range(len(parts))]
        short_enough = [self._naming.type(ending) for ending in endings if len(ending) <= limit]
        return short_enough or [name[:limit]]


def item_name(wire: str) -> str:
    """The name of one item of the list `wire`."""
    return singular(wire)
