"""The names of one generated module: classes and aliases, each taken once."""

from __future__ import annotations

import builtins
from collections import Counter
from typing import TYPE_CHECKING

from noctule.apidoc.naming.nouns import singular
from noctule.codegen.model.names import class_name, free, python_name, words
from noctule.project.frameworks import FRAMEWORKS

if TYPE_CHECKING:
    from collections.abc import Iterable

IMPORTED = frozenset(
    {"AbstractAsyncContextManager", "AbstractContextManager", "All", "Any", "ApiKeyHeader",
     "ApiKeyQuery", "AsyncIterator", "AsyncStream", "Awaitable", "BadRequest",
     "Basic", "Bearer", "Call", "Callable", "CallOptions", "Conflict", "Cursor",
     "Event", "File", "InvalidResponse",
     "Iterator", "JSON", "LastId", "LinkHeader", "Literal", "Mapping", "MissingSecrets",
     "MockProvider", "Model", "NextUrl", "NoAuth", "NotFound", "NotRequired", "NULL", "Null",
     "OAuth2ClientCredentials", "OAuth2RefreshToken", "Offset", "Operation", "OutcomeUnknown",
     "PageNumber", "Path", "Policies", "RateLimitHeaders", "Receiver", "ClientError",
     "RetryLimits", "Sender", "Sequence", "Service", "ServiceConfig", "ServiceError",
     "SyncService", "SyncStream", "SyncReceiver", "TelemetryEvent", "TimedOut", "TypedDict",
     "Unprocessable", "VirtualClock"}
).union(*(framework.reserved for framework in FRAMEWORKS.values()))  # fmt: skip
"""What generated modules import or define: no class from a document has such a name."""

TYPES = frozenset({"bool", "bytes", "dict", "field", "float", "int", "list", "str"})
"""What annotations in a class body say: a member or method of that name would stand in front."""

INLINE_VALUES = 3
INLINE_WIDTH = 46
"""Characters of a member's name and the values of its enumeration, written on one line."""
MOST_VALUES = 24
"""An enumeration beyond this many values says less than the word `str`."""
SORTS = ("Data", "Info", "Entry", "Details")
"""Words that tell a name apart from others that are as good, where nothing else does."""
LONGEST_NAME = 44
LONGEST_MEMBER = 36
LONGEST_PAIR = 54
"""A member's name and the name of its type together: what fits on a line with the rest."""


class Scope:
    """Hands out names for records and enumerations, the most telling one that is free."""

    def __init__(self, service: str, constants: Iterable[str] = ()) -> None:
        self._service = service
        self._taken = {*IMPORTED, *dir(builtins), f"{service}Service", *constants}
        self._choices: dict[tuple[str, frozenset[str]], str] = {}
        self._owners: dict[tuple[str, frozenset[str]], set[str]] = {}

    def record(self, *candidates: str, beside: str = "") -> str:
        """A class name from the first wire name that gives a free one, short enough to stand as
        the type of a member called `beside`."""
        limit = min(LONGEST_NAME, max(LONGEST_PAIR - len(python_name(beside)), 16))
        made = [class_name(candidate) for candidate in candidates if candidate]
        made += [*endings(made[-1], limit), f"{self._service}{made[0]}"]
        made += [f"{name}{word}" for word in SORTS for name in made]
        # pytest would take an imported class called `Test…` for tests.
        made = [f"{self._service}{n}" if n.startswith("Test") else n for n in made]
        return free([name for name in made if len(name) <= limit] or made, self._taken)

    def choice(self, values: tuple[str, ...], owner: str, wire: str, component: str) -> str | None:
        """The alias of an enumeration; "" where its values stand for themselves, None where the
        member's name leaves no room for any. `component` is the document's name for it."""
        length = len(wire) + sum(len(value) + 4 for value in values)
        if len(values) <= INLINE_VALUES and length <= INLINE_WIDTH:
            return ""
        if len(python_name(wire)) > LONGEST_MEMBER:
            return None
        whole = f"{owner}_{wire}"
        key = (wire, frozenset(values))
        if key not in self._choices:
            several = len(words(wire)) > 1
            candidates: Iterable[str] = (wire, whole) if several else (whole, wire)
            self._choices[key] = self.record(component, *candidates, beside=f"{wire} or str")
            self._owners[key] = {owner}
        self._owners[key].add(owner)
        return self._choices[key]

    def shared_choices(self) -> dict[str, str]:
        """Enumerations of several owners that are named after the first: their own names instead,
        where only one enumeration of that name is known."""
        own = Counter(class_name(wire) for wire, _ in self._choices)
        names: dict[str, str] = {}
        for key, name in self._choices.items():
            better = class_name(key[0])
            common = len(self._owners[key]) > 1 and own[better] == 1
            if common and name != better and name.endswith(better) and better not in self._taken:
                self._taken.add(better)
                names[name] = better
        return names


def endings(name: str, limit: int) -> list[str]:
    """The last words of a class name, as many as fit and then fewer: those say most."""
    parts = words(name)
    found = ["".join(parts[at:]) for at in range(len(parts))]
    return [class_name(ending) for ending in found if len(ending) <= limit] or [name[:limit]]


def item_name(wire: str) -> str:
    """The wire name of one item of the list `wire`."""
    return singular(wire)
