"""The pagination style of a list: the pack decides, else what the document shows.

If neither is clear there is no style: a guess could loop, or lose the rest of a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from noctule.apidoc.pages.listing import Listing
from noctule.apidoc.pages.names import NEXT, called, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.pages.listing import Asked, Names

PageKind = Literal["Cursor", "LastId", "LinkHeader", "NextUrl", "Offset", "PageNumber"]
"""A style of `noctule.runtime`."""
PACKED: Mapping[str, PageKind] = {
    "last_id": "LastId", "cursor": "Cursor", "page_token": "Cursor", "link_header": "LinkHeader",
    "next_uri": "NextUrl", "offset": "Offset", "page_number": "PageNumber",
}  # fmt: skip
HEADER = "header:"
TEXTS = ("string", "integer", "number")
BACKWARDS = frozenset({"ending_before"})


class PackPaging(Protocol):
    """What a pack says of pages; `noctule.providers.PaginationFact`."""

    @property
    def style(self) -> str: ...
    @property
    def parameter(self) -> str: ...
    @property
    def next(self) -> str: ...
    @property
    def more(self) -> str: ...


@dataclass(frozen=True)
class PageStyle:
    """How the next page of a list is requested, as a style of the runtime."""

    kind: PageKind
    items: str
    settings: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])
    """Fields of the style, beside `items`."""
    names: Mapping[str, Names] = field(default_factory=dict[str, "Names"])
    """The same fields, with the names that lead there in the document."""
    steered: frozenset[str] = frozenset()
    """Names of the parameters that the iterator sets."""


class UnfitStyleError(ValueError):
    """The pack's style cannot be kept by an operation that has the pack's parameter."""


def page_style(operation: ApiOperation, fact: PackPaging | None = None) -> PageStyle | None:
    """The style of the operation's list; None if it returns none, or no style is clear.

    Raises UnfitStyleError.
    """
    listing = Listing.of(operation)
    if listing is None:
        return None
    style = (_packed(listing, fact) if fact else None) or _documented(listing)
    if style is None:
        return None
    parameter = listing.asked.get(str(style.settings.get("parameter", "")))
    if parameter is not None and parameter.required:
        return None
    return style


def unread(operation: ApiOperation, fact: PackPaging | None = None) -> bool:
    """Whether the operation's list has pages by the look of it, and no style was found."""
    listing = Listing.of(operation)
    return (
        listing is not None
        and listing.looks_paged
        and (not listing.posted or bool(listing.asks("offset", "number", "cursor")))
        and page_style(operation, fact) is None
    )


def _packed(listing: Listing, fact: PackPaging) -> PageStyle | None:
    """The pack's style, None for an operation without the pack's parameter."""
    kind = PACKED[fact.style]
    asked = listing.asked.get(fact.parameter)
    if kind == "NextUrl" and asked is None:
        shown = any(".".join(names) == fact.next for names in listing.said)
        header = fact.next.removeprefix(HEADER).lower()
        if not shown and header not in map(str.lower, listing.headers):
            return None
    elif asked is None:
        return None
    if kind == "LastId" and not listing.has_id:
        if listing.item is not None and listing.item.properties:
            raise UnfitStyleError("its items have no `id`")
        return None
    settings: dict[str, str | int] = {}
    if asked is not None and kind not in ("NextUrl", "LinkHeader"):
        settings |= {"parameter": asked.name} | _place(listing, asked)
    if kind in ("Cursor", "NextUrl"):
        settings["next_at"] = fact.next
    if kind not in ("NextUrl", "LinkHeader"):
        shown = fact.more.startswith(HEADER) or any(
            ".".join(names) == fact.more.removeprefix("!") for names in listing.said
        )
        settings["more"] = fact.more if shown else ""
    return _style(listing, kind, settings)


def _documented(listing: Listing) -> PageStyle | None:
    """The style that the document shows, the clearest sign first."""
    more = _more(listing)
    if (cursor := _cursor(listing)) is not None:
        asked, names = cursor
        return _shown(
            listing, "Cursor", asked, {"next_at": names} | more | _current(listing, cursor)
        )
    if listing.posted:
        return _counted(listing, more) if more or listing.asks("limit") else None
    starts = listing.asked.get("starting_after")
    if starts is not None and listing.has_id:
        return _shown(listing, "LastId", starts, {"more": more.get("more", ("",))})
    if address := next(_addresses(listing), None):
        return _shown(listing, "NextUrl", None, {"next_at": address})
    return _headed(listing) or _counted(listing, more)


def _cursor(listing: Listing) -> tuple[Asked, Names] | None:
    """The parameter and the member of the best pair."""
    candidates = [asked for asked in listing.asks("cursor", "after") if not asked.dated]
    pairs = [
        (rank, asked, names)
        for asked in candidates
        for names in listing.said
        if listing.said[names].type in TEXTS and (rank := _rank(listing, asked, names))
    ]
    if not pairs:
        return None
    _, asked, names = max(pairs, key=lambda pair: pair[0])
    return asked, names


def _current(listing: Listing, cursor: tuple[Asked, Names]) -> dict[str, Names]:
    """The member that repeats the parameter, beside the next cursor."""
    asked, following = cursor
    beside = [names for names in listing.said if names[:-1] == following[:-1] != names]
    return _first(
        "current",
        [n for n in beside if n != following and plain(n[-1]) == plain(asked.name)],
    )


def _rank(listing: Listing, asked: Asked, names: Names) -> int:
    """How well a member fits a parameter; 0 if it is not the next value of it."""
    last, parameter = plain(names[-1]), plain(asked.name)
    inside_next = any(called("next", name) for name in names[:-1])
    kinds = ("cursor", "after", "next cursor")
    same = last == parameter or parameter.endswith(last) or last.endswith(parameter)
    if not all(called("around", name) for name in names[:-1]):
        return 0
    if called("next cursor", names[-1]) or (inside_next and any(called(k, last) for k in kinds)):
        return 4 if last == parameter else 3 if same else 2 if called("cursor", asked.name) else 1
    if called("end cursor", names[-1]) and listing.says("more", "boolean"):
        return 2
    described = NEXT.search(listing.said[names].description)
    if last == parameter and described and not inside_next:
        return 2
    plain_next = called("next", names[-1]) and listing.said[names].format != "uri"
    return 1 if plain_next and called("cursor", asked.name) and not _linked(names) else 0


def _linked(names: Names) -> bool:
    return any("link" in plain(name) for name in names[:-1])


def _addresses(listing: Listing) -> Iterator[Names]:
    """The members that hold the address of the next page."""
    for names, schema in listing.said.items():
        if schema.type != "string" or not all(called("around", name) for name in names[:-1]):
            continue
        inside_next = any(called("next", name) for name in names[:-1])
        if (
            called("next address", names[-1])
            or called("next", names[-1])
            or (inside_next and called("address", names[-1]))
        ):
            yield names


def _headed(listing: Listing) -> PageStyle | None:
    """The style that a header of the response shows."""
    for header, schema in listing.headers.items():
        name = plain(header).removeprefix("x")
        if name == "link":
            return _shown(listing, "LinkHeader", None, {})
        if not name.startswith(("next", "continuation")):
            continue
        number = listing.asks("number", "offset")
        cursor = listing.asks("cursor", "after")
        address = called("next address", name) or schema.format == "uri"
        asked = next(iter(number if "page" in name and number else cursor), None)
        if address or (asked is None and called("next", name)):
            return _shown(listing, "NextUrl", None, {"next_at": (HEADER + header,)})
        if asked is not None:
            return _shown(listing, "Cursor", asked, {"next_at": (HEADER + header,)})
    return None


def _counted(listing: Listing, more: Mapping[str, Names]) -> PageStyle | None:
    """Offsets and page numbers."""
    total = _first("total", listing.says("total", "integer", "number"))
    starts = listing.asks("start", numeric=True) if listing.asks("limit") else []
    if offset := next(iter((*listing.asks("offset"), *starts)), None):
        first = {"first": 1} if _one_based(offset) else {}
        return _shown(listing, "Offset", offset, {**total, **more}, first)
    numbers = [asked for asked in listing.asks("number") if asked.schema.type != "object"]
    if not numbers or (plain(numbers[0].name) == "p" and not numbers[0].numeric):
        return None
    pages = _first("pages", listing.says("pages", "integer", "number"))
    first = {"first": 0} if numbers[0].schema.default == 0 else {}
    return _shown(listing, "PageNumber", numbers[0], {**pages, **total, **more}, first)


def _one_based(offset: Asked) -> bool:
    """As in SCIM, where `startIndex` counts from 1."""
    lowest = offset.schema.raw.get("minimum")
    return offset.schema.default == 1 or lowest == 1 or plain(offset.name) == "startindex"


def _first(name: str, paths: list[Names]) -> dict[str, Names]:
    return {name: paths[0]} if paths else {}


def _more(listing: Listing) -> dict[str, Names]:
    """Where the response has a flag for more items; "!" goes before one that is true at the end."""
    if found := _first("more", listing.says("more", "boolean")):
        return found
    last = _first("more", listing.says("last", "boolean"))
    return {"more": ("!", *last["more"])} if last else {}


def _shown(
    listing: Listing,
    kind: PageKind,
    asked: Asked | None,
    paths: Mapping[str, Names],
    settings: Mapping[str, str | int] | None = None,
) -> PageStyle:
    """A style whose fields are in the document at these names."""
    texts = {
        name: "!" + ".".join(names[1:]) if names[:1] == ("!",) else ".".join(names)
        for name, names in paths.items()
    }
    parameter = {"parameter": asked.name} | _place(listing, asked) if asked else {}
    names = {
        name: tuple(each for each in names if each != "!")
        for name, names in paths.items()
        if not names[0].startswith(HEADER)
    }
    return _style(listing, kind, {**parameter, **texts, **(settings or {})}, names)


def _place(listing: Listing, asked: Asked) -> dict[str, str]:
    return {"place": asked.place} if listing.posted and asked.place == "query" else {}


def _style(
    listing: Listing,
    kind: PageKind,
    settings: Mapping[str, str | int],
    names: Mapping[str, Names] | None = None,
) -> PageStyle:
    steered = {str(settings.get("parameter", ""))}
    steered |= BACKWARDS if kind == "LastId" else frozenset()
    if kind in ("LinkHeader", "NextUrl"):
        steered |= {asked.name for asked in listing.asks("number", "cursor", "offset")}
    names = {"items": (listing.items,), **(names or {})} if listing.items else names or {}
    return PageStyle(
        kind=kind,
        items=listing.items,
        settings=settings,
        names=names,
        steered=frozenset(
            name for name in steered if name in listing.asked and not listing.asked[name].required
        ),
    )
