"""The pagination styles of providers.

Each `Paging` reads one page and returns the parameter, or the address, of the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast

import msgspec

from noctule.runtime.decoding.incomplete import misfits_of
from noctule.runtime.decoding.models import decode
from noctule.runtime.responses.links import find_link

if TYPE_CHECKING:
    from noctule.runtime.request import Headers


LAST = "-1"
"""In a path, the last item of a list."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and the number of its items and of all items so far."""

    content: bytes
    headers: Headers
    items: int
    total: int
    parameter: object
    """The value of the paging's parameter in the request; None when it was not sent."""

    def at(self, path: str) -> Any:
        """The value at `path` ("meta.next") in the JSON of the page, or None."""
        return dig(decode(Any, self.content)[0], path)


class Paging(Protocol):
    """A pagination style."""

    @property
    def items(self) -> str:
        """Where the items are: names with dots between them; "" when the response is the list."""
        ...

    @property
    def parameter(self) -> str:
        """The parameter that selects a page; "" when the provider returns addresses."""
        ...

    def next(self, page: Page) -> object:
        """The parameter's value for the next page, or the address; None at the end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The response holds a cursor, page token or offset for the next page (Slack)."""

    parameter: str = "cursor"
    next_at: str = "next_cursor"
    items: str = "data"

    def next(self, page: Page) -> object:
        return page.at(self.next_at) or None


@dataclass(frozen=True, kw_only=True)
class LastId:
    """The next page starts after the last item of this one (Stripe)."""

    parameter: str = "starting_after"
    id: str = "id"
    more: str = "has_more"
    """The member that says whether there are more items; "" if an empty page ends the list."""
    items: str = "data"

    def next(self, page: Page) -> object:
        if not page.items or (self.more and not page.at(self.more)):
            return None
        path = (self.items, LAST, self.id)
        return page.at(".".join(part for part in path if part))


@dataclass(frozen=True, kw_only=True)
class Offset:
    """The next page starts after the items so far (SendGrid)."""

    parameter: str = "offset"
    more: str = ""
    items: str = "data"

    def next(self, page: Page) -> object:
        if not page.items or (self.more and not page.at(self.more)):
            return None
        return page.total


@dataclass(frozen=True, kw_only=True)
class PageNumber:
    """Pages have numbers. Without `more`, an empty page ends the list."""

    parameter: str = "page"
    first: int = 1
    more: str = ""
    items: str = "data"

    def next(self, page: Page) -> object:
        if not page.items or (self.more and not page.at(self.more)):
            return None
        try:
            return int(cast("Any", self.first if page.parameter is None else page.parameter)) + 1
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True, kw_only=True)
class LinkHeader:
    """A Link header with `rel="next"` (RFC 8288; GitHub)."""

    items: str = ""

    @property
    def parameter(self) -> str:
        return ""

    def next(self, page: Page) -> object:
        return find_link(page.headers.get("link", ""))


@dataclass(frozen=True, kw_only=True)
class NextUrl:
    """The response holds the address of the next page (Twilio)."""

    next_at: str = "next_page_uri"
    items: str = "data"

    @property
    def parameter(self) -> str:
        return ""

    def next(self, page: Page) -> object:
        return page.at(self.next_at) or None


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def dig(value: Any, path: str) -> Any:
    """The value at `path`, by wire names and list positions; None when there is none."""
    for key in path.split(".") if path else ():
        value = _member(value, key)
    return value


def _member(value: Any, key: str) -> Any:
    if isinstance(value, msgspec.Struct):
        names = dict(zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True))
        misfit = misfits_of(value).get(names.get(key, ""))
        if misfit is not None:
            return misfit.received
        return getattr(value, names[key]) if key in names else None
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(key)
    if is_list(value):
        return value[-1] if key == LAST and value else None
    return None
