"""Where a thing lives in a document, and which operation does what to it there.

REST keeps a thing under one path: the collection, an item of it, and the acts on an item behind
that (`/invoices`, `/invoices/{id}`, `/invoices/{id}/send`). A request that names several acts on
one thing means a path that has them all: `/droplets`, not `/load_balancers/{id}/droplets`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.stemming import stem
from noctule.planning.search.resources import needs
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noctule.apidoc import ApiOperation
    from noctule.planning.search.index import Index

_ACTION, _PLACE, _PART, _CLASS = 3, 2, 1.5, 1
"""How surely an operation does what a verb says: the path ends in the verb, the method stands where
REST has it for that, the path's last part only begins with the verb, the summary's verb is of the
same class."""
_SAID_FIRST = 1
"""What it adds that the summary begins with the very verb."""
_BY_NAME = 0.5
"""How much a path is about a thing that only its operations' summaries name."""
_ACTIONS = frozenset({"action", "actions"})
_PLACES: dict[str, tuple[tuple[bool, str], ...]] = {
    "create": ((False, "POST"), (False, "PUT")),
    "send": ((False, "POST"),),
    "list": ((False, "GET"),),
    "search": ((False, "GET"),),
    "get": ((True, "GET"),),
    "update": ((True, "PATCH"), (True, "PUT"), (True, "POST")),
    "delete": ((True, "DELETE"), (False, "DELETE")),
}
"""Class of verbs -> whether it is done to an item, and by which methods, the usual first."""

_SURER = 1
"""By how much a path of the same name must do it more surely than the thing's home."""

if TYPE_CHECKING:
    Worth = Callable[["Verb", ApiOperation], float]
    _Found = dict[str, tuple[float, ApiOperation]]


@dataclass(frozen=True)
class Verb:
    word: str
    """As the request has it."""
    stems: frozenset[str]
    """Its meanings in English."""
    kinds: tuple[str, ...]


MANAGING = tuple(
    Verb(kind, frozenset({stem(kind)}), (kind,))
    for kind in ("list", "create", "get", "update", "delete")
)
"""What "manage" means of a thing."""


class Homes:
    """The collections of a document."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._under: dict[str, list[ApiOperation]] = defaultdict(list)
        self._names: dict[str, str] = {}
        """What is found right behind another id, without a name in the path but the parameter's."""
        for operation in index.operations:
            for home in _homes(operation.path):
                self._under[home].append(operation)
            for need in needs(operation.path):
                if need.prefix.endswith("}"):
                    self._under[need.prefix].append(operation)
                    self._names[need.prefix] = need.resource

    def doing(
        self, verbs: Sequence[Verb], heads: Sequence[frozenset[str]], worth: Worth
    ) -> dict[str, ApiOperation]:
        """Verb -> the operation that does it to the thing, for the verbs that its home has; where
        another path of the same name does it more surely, or a collection is named after the verb
        ("refund": `/refunds`), that one's. `heads` holds the meanings of each word of the thing,
        its noun last; `worth` weighs operations that do the same."""
        best: tuple[float, float, str] = (0.0, 0.0, "")
        for home in self._under:
            about = self._about(home, heads)
            done = self._done(home, verbs, worth) if about else {}
            total = sum(worth(verb, done[verb.word][1]) for verb in verbs if verb.word in done)
            best = max(best, (about * len(done), total, home), key=lambda found: found[:2])
        found = self._with_namesakes(best[2], verbs, worth) if best[2] else {}
        for verb in verbs if heads else ():
            if not verb.kinds and found.get(verb.word, (0, None))[0] < _ACTION:
                found |= self._named_after(verb, worth)
        return {word: operation for word, (_, operation) in found.items()}

    def _with_namesakes(self, home: str, verbs: Sequence[Verb], worth: Worth) -> _Found:
        found = self._done(home, verbs, worth)
        same = [h for h in self._under if h != home and self._last(h) == self._last(home)]
        for verb in verbs:
            others = [self._done(h, [verb], worth).get(verb.word) for h in same]
            ready = [(grade, worth(verb, o), o) for grade, o in filter(None, others)]
            if ready:
                grade, _, operation = max(ready, key=lambda one: one[:2])
                if grade >= found.get(verb.word, (0.0, None))[0] + _SURER:
                    found[verb.word] = grade, operation
        return found

    def _named_after(self, verb: Verb, worth: Worth) -> _Found:
        """The creation in a collection that the verb has given its name."""
        made = [
            operation
            for home, under in self._under.items()
            if {stem(word) for word in words(self._last(home))} <= verb.stems
            for operation in under
            if operation.path == home and operation.method == "POST"
        ]
        best = max(made, key=lambda operation: worth(verb, operation), default=None)
        return {verb.word: (_ACTION, best)} if best else {}

    def _done(self, home: str, verbs: Sequence[Verb], worth: Worth) -> _Found:
        found: _Found = {}
        for verb in verbs:
            graded = [(self._grade(home, o, verb), o) for o in self._under[home]]
            fit = [(grade, worth(verb, o), -at, o) for at, (grade, o) in enumerate(graded) if grade]
            if fit:
                grade, _, _, operation = max(fit, key=lambda one: one[:3])
                found[verb.word] = grade, operation
        return found

    def _grade(self, home: str, operation: ApiOperation, verb: Verb) -> float:
        tail = [part for part in operation.path[len(home) :].split("/") if part]
        acts = [part for part in tail if "{" not in part and part not in _ACTIONS]
        if acts:
            undone = operation.method == "DELETE" and "delete" not in verb.kinds
            read = operation.method == "GET" and "search" not in verb.kinds
            if undone or read or len(acts) > 1 or tail[-1] != acts[0]:
                return 0
            if _lead(acts[0]) not in verb.stems:
                return 0
            first = _SAID_FIRST if _lead(operation.summary) in verb.stems else 0
            return _ACTION if len(words(acts[0])) == 1 else _PART + first
        first = _SAID_FIRST if _lead(operation.summary) in verb.stems else 0
        for kind in verb.kinds:
            places = _PLACES[kind]
            if (bool(tail), operation.method) in places:
                return _PLACE + first - places.index((bool(tail), operation.method)) / len(places)
        return first or (_CLASS if self._index.verbs[operation.key] in verb.kinds else 0)

    def _last(self, home: str) -> str:
        return self._names.get(home) or home.rpartition("/")[2]

    def _about(self, home: str, heads: Sequence[frozenset[str]]) -> float:
        """From 0 to 1: how much of the thing's words the path's last part has, and of what it has
        the thing's."""
        parts = [stem(word) for word in words(self._last(home))]
        hits = [bool(meanings & set(parts)) for meanings in heads]
        own = sum(any(part in meanings for meanings in heads) for part in parts)
        if any(hits):
            weighed = sum(hits) + hits[-1]
            return weighed / (len(hits) + 1) * own / len(parts)
        joined = {"".join(min(meanings) for meanings in heads)}
        if heads and stem("".join(words(self._last(home)))) in joined:
            return 1.0
        named = [
            all(meanings & set(map(stem, words(operation.summary))) for meanings in heads)
            for operation in self._under[home]
            if "/" not in operation.path[len(home) + 1 :]
        ]
        return _BY_NAME if heads and any(named) else 0.0


def _homes(path: str) -> list[str]:
    """The path as far as each of its parts that is no parameter: "/users", "/users/{id}/keys"."""
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[: at + 1]) for at, part in enumerate(parts) if part and "{" not in part]


def _lead(text: str) -> str:
    return stem((words(text) or [""])[0])
