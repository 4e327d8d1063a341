"""Names for what a document leaves unnamed: the service, its variables, its methods."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.verbs import verb_class
from noctule.planning.select.provider import brand
from noctule.text import fold, one_line, singular, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from noctule.apidoc import ApiDocument, ApiOperation

_TITLE_NOISE = re.compile(
    r"\(.*?\)|\b(?:the|api|apis|rest|restful|web|http|json|public|open|openapi|swagger|"
    r"specification|spec|documentation|docs|reference|definition|v\d+(?:\.\d+)*|\d+(?:\.\d+)+)\b",
    re.IGNORECASE,
)
_HTTP_WORDS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_ARTICLES = frozenset({"a", "an", "the", "all", "of", "your", "this", "that", "its", "s", "api",
                       "v1", "v2", "v3", "one", "or", "more"})  # fmt: skip
_TAKEN_BY_SERVICE = frozenset({"call", "close", "aclose", "config", "options", "self"})
_MAX_WORDS = 6
_VERB_REACH = 3


def service_name(document: ApiDocument, request: str = "") -> str:
    """ "Notion" for "Notion API"; the name in the host where the request says that instead."""
    title = " ".join(_TITLE_NOISE.sub(" ", one_line(document.title)).split()).strip(" -–—:/.,")
    host = brand(document)
    if host and fold(host) not in fold(title).replace(" ", ""):
        said = re.search(rf"\b{re.escape(host)}\b", request, re.IGNORECASE)
        if said:
            return said.group() if said.group()[0].isupper() else said.group().capitalize()
    return title or host.capitalize() or "Service"


def slug(name: str) -> str:
    """A name for files, modules and variables: "Adyen Checkout" -> "adyen_checkout"."""
    made = "_".join(words(name)[:_MAX_WORDS]) or "service"
    return f"service_{made}" if made[0].isdigit() or keyword.iskeyword(made) else made


def method_name(operation: ApiOperation, taken: Collection[str]) -> str:
    """A snake_case name: the document's own where it begins with what is done, else made from the
    summary or the path. Never a keyword, never one of `taken`."""
    candidates = (_from_id(operation), _from_summary(operation), _from_path(operation, 1),
                  _from_path(operation, 2), _from_path(operation, 9))  # fmt: skip
    for candidate in (*candidates, *_from_whole_path(operation)):
        if candidate and candidate not in taken:
            return candidate
    name = candidates[-1]
    while name in taken:
        name += "_"
    return name


def method_names(document: ApiDocument) -> set[str]:
    """The names that the document's operations get where nothing else has them."""
    return {method_name(operation, ()) for operation in document.operations.values()}


def _from_id(operation: ApiOperation) -> str:
    found = [word for word in words(operation.operation_id) if word not in _ARTICLES]
    if not found or found[0] in _HTTP_WORDS or len(found) > _MAX_WORDS:
        return ""
    verbs = lexicon().verbs
    at = next((i for i, word in enumerate(found[:_VERB_REACH]) if word in verbs), None)
    if at is None:
        return _identifier(found)
    verb = found.pop(at)
    if verb == "create" and found:
        found[0] = singular(found[0])
    return _identifier([verb, *found])


def _from_summary(operation: ApiOperation) -> str:
    found = [word for word in words(one_line(operation.summary)) if word not in _ARTICLES]
    if not 1 < len(found) <= _MAX_WORDS or found[0] not in lexicon().verbs:
        return ""
    return _identifier(found)


def _from_path(operation: ApiOperation, segments: int) -> str:
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    static = [part for part in static if not re.fullmatch(r"v?\d[\d.-]*", part)]
    found = [word for part in static[-segments:] for word in words(part)]
    kind = verb_class(operation)
    if found and kind != "list":
        found[-1] = singular(found[-1])
    return _identifier([kind, *(word for word in found if word != kind)])


def _from_whole_path(operation: ApiOperation) -> Iterator[str]:
    """Told apart by the path's variables, by its version, then by the HTTP method."""
    found: list[str] = []
    for part in operation.path.split("/"):
        version = re.fullmatch(r"v\d+", part)
        found += [part] if version else words(part.replace("{", "by "))
    kind = verb_class(operation)
    yield _identifier([kind, *found])
    yield _identifier([operation.method.lower(), *found])


def _identifier(parts: list[str]) -> str:
    made = "_".join(parts)
    if keyword.iskeyword(made) or made in _TAKEN_BY_SERVICE:
        return f"{made}_"
    return f"op_{made}" if made[0].isdigit() else made
