"""Corrections of what concerns many operations at once: base path, headers, credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.apidoc.overlay.targets import location_of, query_for, value_at
from noctule.json_types import as_dict, as_list
from noctule.probing.credentials import said

if TYPE_CHECKING:
    from noctule.probing.discrepancies import Discrepancy

Change = dict[str, Any]


def base_path(seen: Discrepancy, document: Any, dialect: str) -> list[Change]:
    """The observed path, at the host that the document names."""
    prefix = seen.difference.observed
    if dialect == "swagger-2.0":
        return [{"target": "$", "update": {"basePath": prefix}}]
    first = as_dict(next(iter(as_list(as_dict(document).get("servers"))), None))
    address = urlsplit(str(first.get("url", "")))
    new = f"{address.scheme}://{address.netloc}{prefix}" if address.netloc else prefix
    if first:
        return [{"target": "$['servers'][0]['url']", "update": new}]
    return [{"target": "$", "update": {"servers": [{"url": new}]}}]


def undocumented_header(seen: Discrepancy, document: Any, dialect: str) -> list[Change]:
    """The header, in each response that had it."""
    swagger = dialect == "swagger-2.0"
    text: dict[str, Any] = {"type": "string"} if swagger else {"schema": {"type": "string"}}
    update = {"headers": {seen.difference.observed: text}}
    locations = [location_of(pointer, document) for pointer in seen.pointers]
    return [{"target": query_for(each), "update": update} for each in locations if each]


def undocumented_credential(seen: Discrepancy, document: Any, dialect: str) -> list[Change]:
    """The scheme, for all operations if every accepted call had it and the document names none;
    else for those that were called."""
    name, change = _scheme(seen, document, dialect)
    if seen.times < seen.of or _schemes(document, dialect):
        return [change, *_for_called(seen, document, name)]
    change["update"]["security"] = [{name: []}]
    return [
        change,
        {"target": "$.paths.*[?length(@.security) == 0].security", "remove": True},
    ]


def credential(seen: Discrepancy, document: Any, dialect: str) -> list[Change]:
    """The scheme that was accepted, as one more alternative of the operations that were called."""
    name, change = _scheme(seen, document, dialect)
    return [change, *_for_called(seen, document, name)]


def _for_called(seen: Discrepancy, document: Any, name: str) -> list[Change]:
    """`security` of the called operations; the document's own counts where they have none."""
    changes: list[Change] = []
    for pointer in seen.pointers:
        location = location_of(pointer.removesuffix("/security"), document)
        if location is None:
            continue
        own = "security" in as_dict(value_at(document, location))
        inherited = [] if own else as_list(as_dict(document).get("security"))
        update: dict[str, list[Any]] = {"security": [*inherited, {name: []}]}
        changes.append({"target": query_for(location), "update": update})
    return changes


def _scheme(seen: Discrepancy, document: Any, dialect: str) -> tuple[str, Change]:
    """A name that the document does not use, and the action that adds the scheme under it."""
    (name, used), *_ = (
        item for item in seen.example.schemes.items() if said(item[1]) == seen.difference.observed
    )
    there = _schemes(document, dialect)
    name = next(each for each in (name, *(f"{name}{n}" for n in range(2, 99))) if each not in there)
    if dialect != "swagger-2.0":
        return name, {
            "target": "$",
            "update": {"components": {"securitySchemes": {name: dict(used)}}},
        }
    scheme = dict(used)
    if used["type"] == "http":
        header = {"type": "apiKey", "in": "header", "name": "Authorization"}
        scheme = {"type": "basic"} if used["scheme"] == "basic" else header
    return name, {"target": "$", "update": {"securityDefinitions": {name: scheme}}}


def _schemes(document: Any, dialect: str) -> dict[str, Any]:
    root = as_dict(document)
    if dialect == "swagger-2.0":
        return as_dict(root.get("securityDefinitions"))
    return as_dict(as_dict(root.get("components")).get("securitySchemes"))
