"""The path of a resource in a document, and which operation there does what a verb says.

REST keeps a resource under one path: the collection, an item of it, and the actions on an item
after that (`/invoices`, `/invoices/{id}`, `/invoices/{id}/send`). A request with several verbs for
one object means a path that has them all: `/droplets`, not `/load_balancers/{id}/droplets`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.stemming import stem
from noctule.planning.search.resource_graph import required_ids
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noctule.apidoc import ApiOperation
    from noctule.planning.search.index import OperationIndex

    Worth = Callable[["RequestVerb", ApiOperation], float]
    """How much an operation is worth among those that do what a verb says."""
    Graded = dict[str, tuple[float, ApiOperation]]
    """Verb -> the operation that does it, and how certain that is."""

_ACTION, _METHOD, _ACTION_PREFIX, _CLASS = 3, 2, 1.5, 1
"""How certain it is that an operation does what a verb says: the path ends in the verb, path and
method are what REST uses for it, the path's last segment only begins with the verb, the summary's
verb is of the same class."""
_SAME_VERB = 1
"""What is added where the summary begins with the very verb."""
_BY_SUMMARY = 0.5
"""How well a path fits an object that only the summaries of its operations name."""
_ACTIONS = frozenset({"action", "actions"})
_REST: dict[str, tuple[tuple[bool, str], ...]] = {
    "create": ((False, "POST"), (False, "PUT")),
    "send": ((False, "POST"),),
    "list": ((False, "GET"),),
    "search": ((False, "GET"),),
    "get": ((True, "GET"),),
    "update": ((True, "PATCH"), (True, "PUT"), (True, "POST")),
    "delete": ((True, "DELETE"), (False, "DELETE")),
}
"""Class of verbs -> (whether it applies to an item, method), the most usual first."""
_CLEARLY = 1
"""How much more certain an operation of a path with the same name must be to be preferred."""


@dataclass(frozen=True)
class RequestVerb:
    word: str
    """As the request has it."""
    stems: frozenset[str]
    """Its meanings in English."""
    kinds: tuple[str, ...]


MANAGING = tuple(
    RequestVerb(kind, frozenset({stem(kind)}), (kind,))
    for kind in ("list", "create", "get", "update", "delete")
)
"""The verbs that "manage" stands for."""


class ResourcePaths:
    """The collections of a document."""

    def __init__(self, index: OperationIndex) -> None:
        self._index = index
        self._operations: dict[str, list[ApiOperation]] = defaultdict(list)
        """By the path that they are under."""
        self._names: dict[str, str] = {}
        """The names of paths that end in a parameter: the parameter's."""
        for operation in index.operations:
            for path in _static_prefixes(operation.path):
                self._operations[path].append(operation)
            for required in required_ids(operation.path):
                if required.prefix.endswith("}"):
                    self._operations[required.prefix].append(operation)
                    self._names[required.prefix] = required.resource

    def operations_for(
        self, verbs: Sequence[RequestVerb], heads: Sequence[frozenset[str]], worth: Worth
    ) -> dict[str, ApiOperation]:
        """Verb -> the operation that does it to the object, for the verbs that its path has.

        Where another path of the same name does it more certainly, or a collection is named after
        the verb ("refund": `/refunds`), the operation there. `heads` has the meanings of each word
        of the object, its noun last; `worth` decides between operations that do the same.
        """
        best: tuple[float, float, str] = (0.0, 0.0, "")
        for path in self._operations:
            fit = self._fit(path, heads)
            graded = self._graded(path, verbs, worth) if fit else {}
            total = sum(worth(verb, graded[verb.word][1]) for verb in verbs if verb.word in graded)
            best = max(best, (fit * len(graded), total, path), key=lambda choice: choice[:2])
        graded = self._with_namesakes(best[2], verbs, worth) if best[2] else {}
        for verb in verbs if heads else ():
            if not verb.kinds and graded.get(verb.word, (0, None))[0] < _ACTION:
                graded |= self._named_after(verb, worth)
        return {word: operation for word, (_, operation) in graded.items()}

    def _with_namesakes(self, path: str, verbs: Sequence[RequestVerb], worth: Worth) -> Graded:
        graded = self._graded(path, verbs, worth)
        namesakes = [
            other
            for other in self._operations
            if other != path and self._name(other) == self._name(path)
        ]
        for verb in verbs:
            others = [self._graded(other, [verb], worth).get(verb.word) for other in namesakes]
            weighed = [(grade, worth(verb, o), o) for grade, o in filter(None, others)]
            if weighed:
                grade, _, operation = max(weighed, key=lambda choice: choice[:2])
                if grade >= graded.get(verb.word, (0.0, None))[0] + _CLEARLY:
                    graded[verb.word] = grade, operation
        return graded

    def _named_after(self, verb: RequestVerb, worth: Worth) -> Graded:
        """The operation that creates an item in a collection named after the verb."""
        creations = [
            operation
            for path, operations in self._operations.items()
            if {stem(word) for word in words(self._name(path))} <= verb.stems
            for operation in operations
            if operation.path == path and operation.method == "POST"
        ]
        best = max(creations, key=lambda operation: worth(verb, operation), default=None)
        return {verb.word: (_ACTION, best)} if best else {}

    def _graded(self, path: str, verbs: Sequence[RequestVerb], worth: Worth) -> Graded:
        """Verb -> the best operation under the path, with its grade."""
        best: Graded = {}
        for verb in verbs:
            grades = [(self._grade(path, o, verb), o) for o in self._operations[path]]
            graded = [(g, worth(verb, o), -at, o) for at, (g, o) in enumerate(grades) if g]
            if graded:
                grade, _, _, operation = max(graded, key=lambda choice: choice[:3])
                best[verb.word] = grade, operation
        return best

    def _grade(self, path: str, operation: ApiOperation, verb: RequestVerb) -> float:
        """How certainly the operation under the path does what the verb says; 0 for not at all."""
        tail = [segment for segment in operation.path[len(path) :].split("/") if segment]
        actions = [segment for segment in tail if "{" not in segment and segment not in _ACTIONS]
        same = _SAME_VERB if _first_stem(operation.summary) in verb.stems else 0
        if actions:
            undone = operation.method == "DELETE" and "delete" not in verb.kinds
            read = operation.method == "GET" and "search" not in verb.kinds
            if undone or read or len(actions) > 1 or tail[-1] != actions[0]:
                return 0
            if _first_stem(actions[0]) not in verb.stems:
                return 0
            return _ACTION if len(words(actions[0])) == 1 else _ACTION_PREFIX + same
        use = (bool(tail), operation.method)
        for kind in verb.kinds:
            uses = _REST[kind]
            if use in uses:
                return _METHOD + same - uses.index(use) / len(uses)
        return same or (_CLASS if self._index.verbs[operation.key] in verb.kinds else 0)

    def _name(self, path: str) -> str:
        return self._names.get(path) or path.rpartition("/")[2]

    def _fit(self, path: str, heads: Sequence[frozenset[str]]) -> float:
        """From 0 to 1: how many of the object's words the path's name has, and how much of the
        name they make up."""
        stems = [stem(word) for word in words(self._name(path))]
        hits = [bool(meanings & set(stems)) for meanings in heads]
        own = sum(any(part in meanings for meanings in heads) for part in stems)
        if any(hits):
            weighed = sum(hits) + hits[-1]
            return weighed / (len(hits) + 1) * own / len(stems)
        joined = {"".join(min(meanings) for meanings in heads)}
        if heads and stem("".join(words(self._name(path)))) in joined:
            return 1.0
        in_summary = [
            all(meanings & set(map(stem, words(operation.summary))) for meanings in heads)
            for operation in self._operations[path]
            if "/" not in operation.path[len(path) + 1 :]
        ]
        return _BY_SUMMARY if heads and any(in_summary) else 0.0


def _static_prefixes(path: str) -> list[str]:
    """The path up to each segment without a parameter: "/users", "/users/{id}/keys"."""
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[: at + 1]) for at, part in enumerate(parts) if part and "{" not in part]


def _first_stem(text: str) -> str:
    return stem((words(text) or [""])[0])
