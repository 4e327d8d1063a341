"""What an operation is called among those of its resource.

The document's own name counts where it says more than method and path do; else these are read as
REST reads them: `GET /v1/customers/{id}/sources` is `list_customer_sources`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.codegen.model.names import free, python_name, words
from noctule.text import singular

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation

_VERSION = re.compile(r"v?\d[\d.\-]*|api|rest|services?", re.IGNORECASE)
_ITEM = {"GET": "get", "POST": "update", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_COLLECTION = {"GET": "list", "POST": "create", "PUT": "replace", "PATCH": "update",
               "DELETE": "delete"}  # fmt: skip
MOST_WORDS = 7
LONGEST = 48
ARTICLES = frozenset({"a", "an", "the"})


def resource_method(operation: ApiOperation, resource: str, taken: set[str], chosen: str) -> str:
    """A name that is free in the resource: the task's, the document's, or one from the path."""
    read = from_path(operation)
    whole = f"{operation.method.lower()}_{operation.path.replace('{', 'by_')}"
    told = (chosen, from_id(operation, resource), read, by(operation), whole)
    return free([shortened(python_name(name)) for name in told if name], taken)


def shortened(name: str) -> str:
    """A name that leaves room on its line: its first word, and the last ones that fit."""
    first, *others = name.split("_")
    while len("_".join([first, *others])) > LONGEST and len(others) > 1:
        others = others[1:]
    return python_name("_".join([first, *others]))


def statics(path: str) -> list[str]:
    """The fixed parts of a path, without versions and an ending such as `.json`."""
    parts = [part for part in path.partition("#")[0].split("/") if part and "{" not in part[:1]]
    plain = [re.sub(r"\.(json|xml)$", "", part) for part in parts]
    return [part for part in plain if not _VERSION.fullmatch(part)] or plain


def from_id(operation: ApiOperation, resource: str) -> str:
    """The operationId, without the resource in front; "" where it repeats method and path."""
    found = [word.lower() for word in words(operation.operation_id)]
    found = [word for word in found if word not in ARTICLES]
    path = [word.lower() for part in operation.path.split("/") for word in words(part)]
    method = operation.method.lower()
    if not found or (found[0] == method and {*found} <= {method, *path}):
        return ""
    about = [word.lower() for word in words(resource)]
    if len(found) > len(about) and found[: len(about)] == about:
        found = found[len(about) :]
    return "_".join(found) if len(found) <= MOST_WORDS else ""


def from_path(operation: ApiOperation) -> str:
    """As REST reads method and path; what stands after a `#` tells two of them apart."""
    if fragment := operation.path.partition("#")[2]:
        return fragment
    nouns = ["_".join(words(part)).lower() for part in statics(operation.path)] or ["root"]
    owner = [singular(noun) for noun in nouns[:-1]]
    last = nouns[-1]
    if operation.path.rstrip("/").endswith("}"):
        return "_".join([_verb(_ITEM, operation), *owner, singular(last)])
    if operation.method == "POST" and owner and singular(last) == last:
        return "_".join([last, *owner])
    noun = last if operation.method == "GET" else singular(last)
    alone = operation.method == "GET" and singular(last) == last
    verb = "get" if alone else _verb(_COLLECTION, operation)
    return "_".join([verb, *owner, noun])


def by(operation: ApiOperation) -> str:
    """The same, told apart by the last variable of the path."""
    variables = re.findall(r"{([^{}]*)}", operation.path)
    return f"{from_path(operation)}_by_{variables[-1]}" if variables else ""


def _verb(verbs: dict[str, str], operation: ApiOperation) -> str:
    return verbs.get(operation.method, operation.method.lower())
