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
_TAKEN_BY_SERVICE = frozenset({"call", "close", "aclose", "config", "options", "self"})
_MAX_WORDS = 6
_TITLE_WORDS = 3


def service_name(document: ApiDocument, request: str = "") -> str:
    """The provider as the request names it, else the document's title in at most three words.

    "Notion" for "Notion API"; a name that the title has too is spelt as there.
    """
    title = _TITLE_NOISE.sub(" ", one_line(document.title)).strip(" -–—:/.,").split()
    host = brand(document)
    for name in filter(None, (_said(host, request), introduced_name(request))):
        spelt = next((word for word in title if fold(word) == fold(name)), "")
        if spelt or fold(name) == fold(host) or name[0].isupper():
            return spelt or f"{name[0].upper()}{name[1:]}"
    start = re.split(r"\s[-–—:|/]\s", " ".join(title))[0].split()
    return " ".join(_ended(start)) or host.capitalize() or "Service"


def _said(name: str, request: str) -> str:
    """`name` as the request writes it; "" where it does not."""
    match = re.search(rf"\b{re.escape(name)}\b", request, re.IGNORECASE) if name else None
    return match.group() if match else ""


def _ended(title: list[str]) -> list[str]:
    """The title in three words, without the half of a phrase: "Orders for Internal Use"."""
    if len(title) <= _TITLE_WORDS:
        return title
    cut = (at for at, word in enumerate(title) if at and word.casefold() in PREPOSITIONS)
    return title[: min(_TITLE_WORDS, next(cut, _TITLE_WORDS))]


def slug(name: str) -> str:
    """A name for files, modules and variables: "Adyen Checkout" -> "adyen_checkout"."""
    made = "_".join(words(name)[:_MAX_WORDS]) or "service"
    return f"service_{made}" if made[0].isdigit() or keyword.iskeyword(made) else made


def method_name(
    operation: ApiOperation, taken: Collection[str], names: OperationNames | None = None
) -> str:
    """A snake_case name: the document's own where somebody chose it, else from method and path.

    Never a keyword, never one of `taken`. `names` are those of the whole document.
    """
    candidates = [
        _identifier(fitted(words))
        for words in (names or OperationNames([operation])).candidates(operation)
    ]
    name = next((name for name in candidates if name not in taken), candidates[-1])
    while name in taken:
        name += "_"
    return name


def method_names(document: ApiDocument) -> set[str]:
    """The names that the document's operations get where nothing else has them."""
    operations = document.operations.values()
    names = OperationNames(operations)
    return {method_name(operation, (), names) for operation in operations}


def _identifier(parts: Sequence[str]) -> str:
    made = "_".join(part for part in parts if part.isascii()) or "operation"
    if keyword.iskeyword(made) or made in _TAKEN_BY_SERVICE or not made.isidentifier():
        made = f"{made}_" if made.isidentifier() else f"op_{made}"
    return made
