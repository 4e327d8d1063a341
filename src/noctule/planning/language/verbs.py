"""What an operation does, in one word: create, list, get, update, delete, search or send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.text import words

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation


def verb_class(operation: ApiOperation) -> str:
    """The class of the first verb of its summary or id, else what its method means."""
    book = lexicon()
    for text in (operation.summary, operation.id):
        for word in words(text)[:2]:
            for kind in book.verbs.get(word, ()):
                if operation.method in book.verb_methods[kind]:
                    return kind
    if operation.method == "GET":
        return "get" if operation.path.endswith("}") else "list"
    return {"POST": "create", "DELETE": "delete"}.get(operation.method, "update")
