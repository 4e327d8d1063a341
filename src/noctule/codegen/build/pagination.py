"""Whether a response is one page of a list, and how to request the next one.

The pack decides, else the parameters of the operation and the fields of its response. If neither is
clear there is no iterator: a guess could loop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from noctule.codegen.build.examples import fit
from noctule.codegen.build.plausible import plausible_text
from noctule.codegen.model.integration import ListOf, MapOf, PageKind, Pages, Reference, Type
from noctule.runtime.pagination import styles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc import ApiOperation, Schema
    from noctule.codegen.model.integration import Param, Record
    from noctule.providers.pack import PaginationFact

LISTS = ("data", "items", "results", "values", "entries", "records", "objects")
"""Names of the list of items in a response with several lists."""
CURSORS = re.compile(r"(start|page|next|continuation)?_?(cursor|token|marker)", re.IGNORECASE)
NEXT_CURSORS = re.compile(r"(next_?(page_?)?|continuation_?)(cursor|token|marker)", re.IGNORECASE)
NEXT_URLS = re.compile(r"next_?(page)?_?(uri|url|link|href)?|@odata\.nextLink", re.IGNORECASE)
MORES = re.compile(r"has_?(more|next|next_?page)", re.IGNORECASE)
NUMBERS = re.compile(r"page(_?(number|no|num))?", re.IGNORECASE)
OFFSETS = re.compile(r"offset|skip", re.IGNORECASE)
BACKWARDS = frozenset({"ending_before"})
PACKED: Mapping[str, PageKind] = {
    "last_id": "LastId", "cursor": "Cursor", "page_token": "Cursor", "link_header": "LinkHeader",
    "next_uri": "NextUrl", "offset": "Offset",
}  # fmt: skip
DEPTH = 3
"""How deeply nested the reference to the next page may be."""

Way = tuple[PageKind, dict[str, Any]]


@dataclass(frozen=True)
class _Listing:
    """An operation that returns a list."""

    asked: Mapping[str, Param]
    """Parameters of the query or the body, by their names in the request."""
    items: str
    item: Type
    said: Mapping[str, Schema]
    """Dotted path -> schema, of the fields next to the list."""
    members: frozenset[str]
    """Names of the fields of an item."""
    links: bool
    """Whether the response has a Link header."""
    first: int
    """The number of the first page, if pages are numbered."""
    posted: bool
    """Whether the request is a POST; then only cursors are recognised."""

    def asks(self, pattern: re.Pattern[str]) -> str:
        return next((wire for wire in self.asked if pattern.fullmatch(wire)), "")

    def says(self, pattern: re.Pattern[str], kind: str) -> str:
        return next(
            (
                path
                for path, schema in self.said.items()
                if pattern.fullmatch(path.rpartition(".")[2]) and schema.type == kind
            ),
            "",
        )


def pages_of(
    operation: ApiOperation,
    params: tuple[Param, ...],
    returns: Type | None,
    records: Mapping[str, Record],
    fact: PaginationFact | None,
) -> Pages | None:
    """The pagination of `operation`, None if it has none."""
    listing = _listing(operation, params, returns, records)
    if listing is None:
        return None
    way = _packed(listing, fact) if fact else None
    way = way or _documented(listing)
    if way is None:
        return None
    kind, settings = way
    parameter = listing.asked.get(str(settings.get("parameter", "")))
    if parameter is not None and parameter.required:
        return None
    usual = {field.name: field.default for field in fields(getattr(styles, kind))}
    settings = {"items": listing.items, **settings}
    page_parameters = {str(settings.get("parameter", usual.get("parameter", "")))}
    page_parameters |= BACKWARDS if kind == "LastId" else frozenset()
    if kind in ("LinkHeader", "NextUrl"):
        page_parameters |= {listing.asks(NUMBERS), listing.asks(CURSORS), listing.asks(OFFSETS)}
    return Pages(
        kind=kind,
        settings={name: value for name, value in settings.items() if usual.get(name) != value},
        steered=frozenset(
            w for w in page_parameters if w in listing.asked and not listing.asked[w].required
        ),
        item=listing.item,
        example=_item(listing.item, records),
    )


def _item(kind: Type, records: Mapping[str, Record]) -> Any:
    """An item for tests, with its `id` if it has one."""
    example = fit(kind, None, records, "item")
    if isinstance(kind, Reference):
        identity = (field for field in records[kind.name].fields if field.wire == "id")
        text = plausible_text("id", owner=kind.name)
        example |= {field.wire: fit(field.type, text, records) for field in identity}
    return example


def _listing(
    operation: ApiOperation,
    params: tuple[Param, ...],
    returns: Type | None,
    records: Mapping[str, Record],
) -> _Listing | None:
    success = operation.success
    schema = success.schema if success else None
    if schema is None or success is None or operation.method not in ("GET", "POST"):
        return None
    list_and_item = _list(returns, records)
    if list_and_item is None:
        return None
    items, item = list_and_item
    place = "query" if operation.method == "GET" else "body"
    numbers = [
        parameter.schema for parameter in operation.parameters if NUMBERS.fullmatch(parameter.name)
    ]
    item_fields = records[item.name].fields if isinstance(item, Reference) else ()
    return _Listing(
        asked={param.wire: param for param in params if param.place == place and param.wire},
        items=items,
        item=item,
        said=dict(_members(schema, "", DEPTH)),
        members=frozenset(field.wire for field in item_fields),
        links=any(name.lower() == "link" for name in success.headers),
        first=0 if any(schema.default == 0 for schema in numbers) else 1,
        posted=operation.method == "POST",
    )


def _list(returns: Type | None, records: Mapping[str, Record]) -> tuple[str, Type] | None:
    """The path of the items in the response ("" for all of it), and their type."""
    if isinstance(returns, ListOf):
        return "", returns.item
    if not isinstance(returns, Reference):
        return None
    lists = {
        field.wire: field.type.item
        for field in records[returns.name].fields
        if isinstance(field.type, ListOf)
    }
    usual = [name for name in LISTS if name in lists]
    objects = [name for name, item in lists.items() if isinstance(item, Reference | MapOf)]
    candidates = usual or (objects if len(objects) == 1 else list(lists) if len(lists) == 1 else [])
    return (candidates[0], lists[candidates[0]]) if candidates else None


def _members(schema: Schema, before: str, depth: int) -> Iterator[tuple[str, Schema]]:
    for wire, value in schema.properties.items() if depth else ():
        yield f"{before}{wire}", value
        if value.type == "object":
            yield from _members(value, f"{before}{wire}.", depth - 1)


def _packed(listing: _Listing, fact: PaginationFact) -> Way | None:
    """The pack's pagination, if the operation supports it."""
    kind = PACKED[fact.style]
    if kind == "LinkHeader":
        return (kind, {}) if fact.parameter in listing.asked else None
    if kind == "NextUrl":
        return (kind, {"next_at": fact.next}) if fact.next in listing.said else None
    if fact.parameter not in listing.asked or (kind == "LastId" and "id" not in listing.members):
        return None
    settings: dict[str, Any] = {"parameter": fact.parameter}
    if kind == "Cursor":
        settings["next_at"] = fact.next
    else:
        settings["more"] = fact.more if fact.more in listing.said else ""
    return kind, settings


def _documented(listing: _Listing) -> Way | None:
    """The pagination that the document shows, the clearest sign first."""
    cursor, next_cursor = listing.asks(CURSORS), listing.says(NEXT_CURSORS, "string")
    more = listing.says(MORES, "boolean")
    if cursor and next_cursor:
        return "Cursor", {"parameter": cursor, "next_at": next_cursor}
    if listing.posted:
        return None
    if "starting_after" in listing.asked and "id" in listing.members:
        return "LastId", {"parameter": "starting_after", "more": more}
    if address := listing.says(NEXT_URLS, "string"):
        return "NextUrl", {"next_at": address}
    if listing.links:
        return "LinkHeader", {}
    if offset := listing.asks(OFFSETS):
        return "Offset", {"parameter": offset, "more": more}
    if number := listing.asks(NUMBERS):
        return "PageNumber", {"parameter": number, "more": more, "first": listing.first}
    return None
