"""What an operation is called, in words: `list customer sources`.

The operationId counts where somebody chose it. One that repeats method and path
(`GetCustomersCustomerSources`, FastAPI's `read_flow_flows__flow_id__get`) says nothing, so that the
name is read from method and path as REST reads them.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from noctule.apidoc.model.path_query import split
from noctule.apidoc.naming.nouns import is_plural, plural, singular
from noctule.apidoc.naming.verbs import (
    ARTICLES,
    CLEAR_VERBS,
    COLLECTION_ACTIONS,
    PREPOSITIONS,
    QUANTIFIERS,
    REMOVING_VERBS,
    VERBS,
)
from noctule.apidoc.naming.word_split import lower_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from noctule.apidoc.model.operation import ApiOperation

Words = tuple[str, ...]

MOST_WORDS = 7
LONGEST = 52
"""Characters of a name, underscores included."""
_ENDING = re.compile(r"\.(json|xml)$")
_VERSION = re.compile(r"v?\d[\d.\-]*", re.IGNORECASE)
_PREFIX = re.compile(r"api|rest|services?", re.IGNORECASE)
_METHOD_FIRST = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[_\-]")
_ITEM = {"GET": "get", "POST": "update", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_COLLECTION = {"GET": "list", "POST": "create", "PUT": "replace", "PATCH": "update",
               "DELETE": "delete"}  # fmt: skip
_NO_VERBS = frozenset({"post", "put", "head", "options"})
"""HTTP methods that are no English verbs, or other ones."""
_READS = frozenset({"get", "retrieve", "fetch", "read", "show"})
_LISTS = frozenset({"data", "items", "results", "values", "entries", "records", "objects"})
_BULK = frozenset({"delete", "patch", "remove", "replace", "update"})
_GENERIC = frozenset({"api", "apis", "endpoint", "endpoints"})


class OperationNames:
    """The names of a document's operations."""

    def __init__(self, operations: Iterable[ApiOperation]) -> None:
        operations = tuple(operations)
        self._methods: dict[str, set[str]] = {}
        for operation in operations:
            self._methods.setdefault(operation.path, set()).add(operation.method)
        self._collections = {path.rpartition("/{")[0] for path in self._methods if _is_item(path)}
        self._operations = operations

    @cached_property
    def _generated(self) -> bool:
        """Whether most ids repeat their path, so that nobody chose them."""
        # Asked only where an id is not known to be derived already: it reads the whole document.
        with_variables = [op for op in self._operations if "{" in op.path and op.operation_id]
        most = islice(filter(_repeats_path, with_variables), len(with_variables) // 2, None)
        return next(most, None) is not None

    def candidates(self, operation: ApiOperation) -> Iterator[Words]:
        """Names of the operation, the best first, each in lower-case words."""
        name = self.from_id(operation)
        if name:
            yield name
        summary = _from_summary(operation)
        if summary:
            yield summary
        read = self.from_path(operation)
        yield read
        yield from _by_variable(read, operation)
        yield _whole_path(operation)

    def within(self, operation: ApiOperation, resource: str) -> Iterator[Words]:
        """The same for a method of `resource`, which need not repeat what that says already."""
        resource_words = lower_words(resource)
        while len(resource_words) > 1 and resource_words[-1] in _GENERIC:
            resource_words.pop()
        name = self.from_id(operation, tuple(resource_words))
        if name:
            yield self._scoped(name, resource_words, operation)
        read = self.from_path(operation)
        if _alike(read[1:][-len(resource_words) :], resource_words):
            yield self._scoped(
                (read[0], *read[1:][-len(resource_words) :]), resource_words, operation
            )
        scoped = self._scoped(read, resource_words, operation)
        yield scoped
        yield from _by_variable(scoped, operation)
        yield from self.candidates(operation)

    def from_id(self, operation: ApiOperation, resource: Words = ()) -> Words:
        """The operationId, without a start that only says `resource`; () where nobody chose it."""
        words = _chosen_words(operation)
        if not words:
            return ()
        if (words[0], operation.method) == ("put", "PUT") and _names_thing(words[1:], operation):
            words = ("replace", *words[1:])
        if _is_derived(words, operation):
            return ()
        if _repeats_path(operation) and self._generated:
            return ()
        if resource and len(words) > len(resource) and _alike(words[: len(resource)], resource):
            words = words[len(resource) :]
        if len(words) > MOST_WORDS:
            return ()
        verb, nouns, moved = _verb_first(words, operation)
        if verb == "list" and _reads_one(operation):
            verb = "get"
        return _numbered(operation, verb, nouns, moved)

    def from_path(self, operation: ApiOperation) -> Words:
        """As REST reads method and path; the part after a `#` tells two of them apart."""
        fragment = operation.path.partition("#")[2]
        if fragment:
            return tuple(lower_words(fragment))
        nouns = [lower_words(part) for part in statics(operation.path)]
        nouns = [noun for noun in nouns if noun] or [["root"]]
        owners = [word for noun in nouns[:-1] for word in _one(noun)]
        last = nouns[-1]
        if self._is_action(operation, last, owners):
            return _action(operation, nouns, owners)
        if _is_item(operation.path):
            return _unrepeated(_item_verb(operation), *owners, *_one(last))
        if operation.method == "GET":
            return _unrepeated("list" if self.is_list(operation) else "get", *owners, *last)
        if operation.method == "POST" and not is_plural(last[-1]) and self._is_singleton(operation):
            return _unrepeated("update", *owners, *last)
        if operation.method == "DELETE" and is_plural(last[-1]):
            return _unrepeated("delete", *owners, *last)
        return _unrepeated(_verb(_COLLECTION, operation), *owners, *_one(last))

    def is_list(self, operation: ApiOperation) -> bool:
        """Whether the operation answers with several things."""
        if operation.method != "GET" or _is_item(operation.path):
            return False
        last = (lower_words(next(iter(statics(operation.path)[-1:]), "")) or [""])[-1]
        success = operation.success
        schema = success.schema if success else None
        if schema is not None and schema.type == "array":
            return True
        if operation.path in self._collections:
            return True
        if schema is None or not schema.properties:
            return is_plural(last)
        lists = {name for name, value in schema.properties.items() if value.type == "array"}
        return bool(lists) and (is_plural(last) or bool(lists & (_LISTS | {last})))

    def _is_singleton(self, operation: ApiOperation) -> bool:
        """Whether the path is one thing that can be read, such as a customer's cash balance."""
        path = operation.path
        return "GET" in self._methods[path] and path not in self._collections

    def _is_action(
        self, operation: ApiOperation, last: Sequence[str], owners: Sequence[str]
    ) -> bool:
        """Whether the path ends in what is done: `/charges/{charge}/capture`."""
        verb = last[0]
        if _is_item(operation.path):
            return operation.method == "GET" and verb in ("find", "lookup", "search")
        if not owners:
            return verb in CLEAR_VERBS and len(last) == 1
        if verb not in VERBS or (is_plural(last[-1]) and len(last) == 1):
            return False
        if operation.method == "GET":
            return verb in CLEAR_VERBS | COLLECTION_ACTIONS | {"check", "find", "lookup"}
        if operation.method == "DELETE":
            return verb in REMOVING_VERBS and self._methods[operation.path] == {"DELETE"}
        return verb in COLLECTION_ACTIONS or "GET" not in self._methods[operation.path]

    def _scoped(self, name: Words, resource: Sequence[str], operation: ApiOperation) -> Words:
        """`name` without the resource that it belongs to."""
        verb, nouns = (name[0], name[1:]) if name[0] in VERBS else ("", name)
        if not verb or not nouns:
            return name
        rest = _without(nouns, resource, operation.path)
        if rest and rest[0] in QUANTIFIERS and _alike(rest[1:], resource):
            rest = ()
        if rest:
            return (verb, *rest)
        if verb in _READS and self.is_list(operation):
            return ("list",)
        bulk = is_plural(nouns[-1]) and verb in _BULK and not _is_item(operation.path)
        return (verb, "all") if bulk and operation.method != "POST" else (verb,)


def fitted(words: Words, longest: int = LONGEST) -> Words:
    """A name that leaves room on its line: without the phrases at its end, or else its first word
    and the last ones that fit `longest` characters."""

    def fits(words: Words) -> bool:
        return len("_".join(words)) <= longest

    if fits(words):
        return words
    ends = [at for at, word in enumerate(words) if word in PREPOSITIONS and at > 1]
    shorter = [words[:end] for end in ends if fits(words[:end])]
    while not shorter and not fits(words) and len(words) > 2:
        words = (words[0], *words[2:])
    return shorter[-1] if shorter else words


def statics(path: str) -> list[str]:
    """The fixed parts of a path, without versions, a first `api`, and an ending such as `.json`."""
    parts = [part for part in split(path)[0].split("/") if part and "{" not in part[:1]]
    plain = [_ENDING.sub("", part) for part in parts]
    fixed = [part for part in plain if not _VERSION.fullmatch(part)]
    while len(fixed) > 1 and _PREFIX.fullmatch(fixed[0]):
        fixed = fixed[1:]
    return fixed or plain


def _is_item(path: str) -> bool:
    """Whether the path names one thing by an identifier."""
    return _ENDING.sub("", split(path)[0].partition("?")[0]).rstrip("/").endswith("}")


def _chosen_words(operation: ApiOperation) -> Words:
    """The words of the operationId without articles, and without method and path at its end."""
    words = lower_words(operation.operation_id)
    tail = [*_path_words(operation), operation.method.lower()]
    if words[-len(tail) :] == tail:
        words = words[: -len(tail)]
    if words[:1] == ["re"] and len(words) > 1:
        words[:2] = [f"re{words[1]}"]
    return tuple(word for word in words if word not in ARTICLES)


def _is_derived(words: Words, operation: ApiOperation) -> bool:
    """Whether the operationId is the HTTP method and what the path says: `POST_mail-batch`."""
    method = operation.method.lower()
    if words[0] == method and _METHOD_FIRST.match(operation.operation_id):
        return True
    if words[0] in _NO_VERBS:
        path_words = {*map(singular, _path_words(operation))}
        return words[0] == method or {*map(singular, words[1:])} <= path_words
    places = [at for at, word in enumerate(words) if word == method and word in _NO_VERBS]
    after = [words[at + 1] for at in places if at + 1 < len(words)]
    return bool(places) and all(word in PREPOSITIONS for word in after)


def _names_thing(nouns: Words, operation: ApiOperation) -> bool:
    """Whether `nouns` are what the path is about: the zone of `/servers/{id}/zones/{id}`."""
    return _alike(nouns, lower_words(next(iter(statics(operation.path)[-1:]), "")))


def _reads_one(operation: ApiOperation) -> bool:
    """Whether it reads one thing by its identifier, whatever it is called."""
    success = operation.success
    several = success is not None and success.schema is not None and success.schema.type == "array"
    return operation.method == "GET" and _is_item(operation.path) and not several


def _item_verb(operation: ApiOperation) -> str:
    """A POST to one thing updates it, unless the summary says what else it does."""
    first = lower_words(operation.summary)[:1] if operation.method == "POST" else []
    return first[0] if first and first[0] in CLEAR_VERBS - _READS else _verb(_ITEM, operation)


def _from_summary(operation: ApiOperation) -> Words:
    """The summary of an operation whose path names nothing: `Get the version` of `/api/`."""
    if any(not _PREFIX.fullmatch(part) for part in statics(operation.path)):
        return ()
    words = [word for word in lower_words(operation.summary) if word not in ARTICLES]
    return tuple(words) if 1 < len(words) <= MOST_WORDS and words[0] in VERBS else ()


def _repeats_path(operation: ApiOperation) -> bool:
    method = operation.method.lower()
    if not operation.operation_id.lower().startswith(method):
        return False
    words = lower_words(operation.operation_id)
    return words[0] == method and {*words} <= {*_path_words(operation), method, "id", "by", "find"}


def _path_words(operation: ApiOperation) -> list[str]:
    return [word for part in operation.path.split("/") for word in lower_words(part)]


def _verb_first(words: Words, operation: ApiOperation) -> tuple[str, Words, bool]:
    """The verb ("" where there is none), the other words, and whether the verb was moved."""
    if words[0] in CLEAR_VERBS:
        return words[0], words[1:], False
    action = _final_action(operation)
    before = len(words) - len(action)
    if action and before > 0 and [*words[before:]] == action:
        owners = [*map(singular, words[: before - 1])]
        return action[0], (*owners, words[before - 1], *action[1:]), True
    end = len(words) - 1
    places = [at for at, word in enumerate(words) if word in CLEAR_VERBS]
    if words[0] in VERBS and (places[-1:] != [end] or PREPOSITIONS.intersection(words)):
        return words[0], words[1:], False
    likely = [at for at in places if at < 3 or at == end]
    if not likely:
        return "", words, False
    at = end if words[0] in VERBS else likely[0]
    owners = [*map(singular, words[:at])]
    if at == end:
        owners[-1] = words[at - 1]
    return words[at], (*owners, *words[at + 1 :]), at == end


def _final_action(operation: ApiOperation) -> list[str]:
    """What the path of a POST ends in, where that is something to do: `/item/fire_webhook`."""
    segments = [lower_words(part) for part in statics(operation.path)]
    if operation.method == "POST" and len(segments) > 1 and segments[-1]:
        return segments[-1] if segments[-1][0] in VERBS else []
    return []


def _numbered(operation: ApiOperation, verb: str, nouns: Words, moved: bool) -> Words:
    """Verb and nouns, what the operation is about in singular or plural as its path has it."""
    if not verb or not nouns:
        return (verb, *nouns) if verb else nouns
    path = [word for part in statics(operation.path)[-1:] for word in lower_words(part)][-1:]
    end = len(nouns)
    if not path or singular(path[0]) != singular(nouns[-1]):
        end = next((at for at, word in enumerate(nouns) if word in PREPOSITIONS and at), end)
    head = nouns[end - 1]
    if moved and verb == "list":
        head = plural(head)
    elif path and singular(path[0]) == singular(head):
        if verb == "list":
            head = path[0]
        elif is_plural(head) and (_is_item(operation.path) or verb == "create"):
            head = singular(head)
    return (verb, *nouns[: end - 1], head, *nouns[end:])


def _without(nouns: Words, resource: Sequence[str], path: str) -> Words:
    """`nouns` without the resource: as the owner in front, or after a preposition at the end.

    `save_episodes_user` of `/me/episodes` is about the episodes, not about a user of theirs.
    """
    last = [word for part in statics(path)[-1:] for word in lower_words(part)][-1:]
    for start in range(max(0, len(resource) - len(nouns)), len(resource)):
        part = resource[start:]
        rest = nouns[len(part) :]
        target = is_plural(nouns[len(part) - 1]) and _alike(last, part[-1:])
        owner = not rest or rest[0] in PREPOSITIONS or not target
        if _alike(nouns[: len(part)], part) and owner:
            return rest
        at = len(nouns) - len(part)
        if at > 1 and nouns[at - 1] in PREPOSITIONS and _alike(nouns[at:], part):
            return nouns[: at - 1]
    return nouns


def _alike(words: Sequence[str], others: Sequence[str]) -> bool:
    return [*map(singular, words)] == [*map(singular, others)]


def _action(operation: ApiOperation, nouns: list[list[str]], owners: list[str]) -> Words:
    """`/charges/{charge}/capture` -> capture charge, `/customers/search` -> search customers."""
    verb, *others = nouns[-1]
    above = operation.path.rstrip("/").split("/")
    whole = _is_item(operation.path) or "{" not in "".join(above[-2:-1])
    if whole and verb in COLLECTION_ACTIONS:
        owners = [
            *(word for noun in nouns[:-2] for word in _one(noun)),
            *(word for noun in nouns[-2:-1] for word in noun),
        ]
    return _unrepeated(verb, *owners, *others)


def _one(noun: list[str]) -> list[str]:
    return [*noun[:-1], singular(noun[-1])]


def _unrepeated(verb: str, *nouns: str) -> Words:
    """Without a noun right after itself: `source source transactions`."""
    distinct = [word for at, word in enumerate(nouns) if not at or word != nouns[at - 1]]
    return (verb, *distinct)


def _by_variable(name: Words, operation: ApiOperation) -> Iterator[Words]:
    variables = re.findall(r"{([^{}]*)}", operation.path)
    if variables:
        yield (*name, "by", *lower_words(variables[-1]))


def _whole_path(operation: ApiOperation) -> Words:
    path = operation.path.replace("{", "by_")
    return (operation.method.lower(), *(w for part in path.split("/") for w in lower_words(part)))


def _verb(verbs: dict[str, str], operation: ApiOperation) -> str:
    return verbs.get(operation.method, operation.method.lower())
