"""Names for what a document leaves unnamed: the service, its variables, its methods."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from noctule.apidoc.naming.operation_names import OperationNames, fitted
from noctule.apidoc.naming.verbs import PREPOSITIONS
from noctule.planning.select.provider import brand, introduced_name
from noctule.text import fold, one_line, words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from noctule.apidoc import ApiDocument, ApiOperation

_TITLE_NOISE = re.compile(
    r"\(.*?\)|\b(?:the|api|apis|rest|restful|web|http|json|public|open|openapi|swagger|"
    r"specification|spec|documentation|docs|reference|definition|v\d+(?:\.\d+)*|\d+(?:\.\d+)+)\b",
    re.IGNORECASE,
)
_USED_BY_SERVICE = frozenset({"call", "close", "aclose", "config", "options", "self"})
_MAX_WORDS = 6
_TITLE_WORDS = 3


def service_name(document: ApiDocument, request: str = "") -> str:
    """The provider's name in the request, else the document's title in at most three words.

    "Notion" for "Notion API"; a name that is in the title too is spelt as there.
    """
    title = _TITLE_NOISE.sub(" ", one_line(document.title)).strip(" -–—:/.,").split()
    host = brand(document)
    for name in filter(None, (_as_written(host, request), introduced_name(request))):
        spelt = next((word for word in title if fold(word) == fold(name)), "")
        if spelt or fold(name) == fold(host) or name[0].isupper():
            return spelt or f"{name[0].upper()}{name[1:]}"
    start = re.split(r"\s[-–—:|/]\s", " ".join(title))[0].split()
    return " ".join(_shortened(start)) or host.capitalize() or "Service"


def _as_written(name: str, request: str) -> str:
    """`name` as the request has it; "" where it does not have it."""
    match = re.search(rf"\b{re.escape(name)}\b", request, re.IGNORECASE) if name else None
    return match.group() if match else ""


def _shortened(title: list[str]) -> list[str]:
    """At most three words, cut before a preposition: "Orders" of "Orders for Internal Use"."""
    if len(title) <= _TITLE_WORDS:
        return title
    cut = (at for at, word in enumerate(title) if at and word.casefold() in PREPOSITIONS)
    return title[: min(_TITLE_WORDS, next(cut, _TITLE_WORDS))]


def slug(name: str) -> str:
    """A name for files, modules and variables: "Adyen Checkout" -> "adyen_checkout"."""
    slug = "_".join(words(name)[:_MAX_WORDS]) or "service"
    return f"service_{slug}" if slug[0].isdigit() or keyword.iskeyword(slug) else slug


def method_name(
    operation: ApiOperation, used: Collection[str], names: OperationNames | None = None
) -> str:
    """A snake_case name: the document's own where its author chose one, else from method and path.

    Never a keyword, never one of `used`. `names` are those of the whole document.
    """
    candidates = [
        _identifier(fitted(words))
        for words in (names or OperationNames([operation])).candidates(operation)
    ]
    name = next((name for name in candidates if name not in used), candidates[-1])
    while name in used:
        name += "_"
    return name


def method_names(document: ApiDocument) -> set[str]:
    """The names that the document's operations get when nothing else uses them."""
    operations = document.operations.values()
    names = OperationNames(operations)
    return {method_name(operation, (), names) for operation in operations}


def _identifier(parts: Sequence[str]) -> str:
    name = "_".join(part for part in parts if part.isascii()) or "operation"
    if keyword.iskeyword(name) or name in _USED_BY_SERVICE or not name.isidentifier():
        name = f"{name}_" if name.isidentifier() else f"op_{name}"
    return name
