"""The pagination styles of providers.

Each `Paging` reads one page and returns the parameter, or the address, of the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard, cast

import msgspec

from noctule.runtime.decoding.incomplete import misfits_of
from noctule.runtime.decoding.models import decode
from noctule.runtime.errors import InvalidArgument, InvalidResponse
from noctule.runtime.responses.links import find_link

if TYPE_CHECKING:
    from noctule.runtime.request import Headers


LAST = "-1"
"""In a path, the last item of a list."""
HEADER = "header:"
"""In front of the name of a response header, in place of a path."""
NOT = "!"
"""In front of a path in `more`: the member is true on the last page ("!isLast")."""
NEGATIVE = frozenset({"", "0", "false", "no"})


class Page(msgspec.Struct, frozen=True):
    """One page, and the number of its items and of all items so far."""

    content: bytes
    headers: Headers
    items: int
    total: int
    parameter: object
    """The value of the paging's parameter in the request; None when it was not sent."""

    def at(self, path: str) -> Any:
        """The value at `path` ("meta.next") in the JSON of the page, or of a header of the answer
        ("header:X-Next-Page"); None if there is none."""
        if path.startswith(HEADER):
            return self.headers.get(path.removeprefix(HEADER))
        return dig(decode(Any, self.content)[0], path)

    def has_more(self, path: str) -> bool | None:
        """What the member at `path`, as `more` takes it, says; None if it is not there."""
        value = self.at(path.removeprefix(NOT)) if path else None
        if value is None:
            return None
        true = value.lower() not in NEGATIVE if isinstance(value, str) else bool(value)
        return true is not path.startswith(NOT)

    def count(self, path: str) -> int | None:
        """The number at `path`; None if there is none."""
        value = self.at(path) if path else None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:18])
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def ends(self, more: str, total: str = "", taken: int = 0) -> bool:
        """Whether the list ends here: as `more` says, else when `taken` items are the `total`,
        else with an empty page."""
        follows = self.has_more(more)
        if follows and not self.items:
            raise InvalidResponse("a page without items says that more follow")
        if follows is not None:
            return not follows
        count = self.count(total)
        return not self.items or (count is not None and taken >= count)

    def position(self, first: int) -> int:
        """The number in the request for this page."""
        value = first if self.parameter is None else self.parameter
        try:
            return int(cast("Any", value))
        except (TypeError, ValueError):
            raise InvalidArgument(f"the page to start from is not a number: {value!r}") from None


class Paging(Protocol):
    """A pagination style.

    Paths have dots between their names; a name may hold a dot ("@odata.nextLink"). A parameter is a
    member of the body in a request that has one, else of the query; `place` says otherwise.
    """

    @property
    def items(self) -> str:
        """The path of the items; "" when the response is the list."""
        ...

    @property
    def parameter(self) -> str:
        """The parameter that selects a page; "" when the provider returns addresses."""
        ...

    def next(self, page: Page) -> object:
        """The parameter's value for the next page, or the address; None at the end."""
        ...


Place = Literal["", "query", "body"]


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """The response holds a cursor, page token or offset for the next page (Slack)."""

    parameter: str = "cursor"
    next_at: str = "next_cursor"
    more: str = ""
    """The member, if any, that says whether more items follow; "!" in front of one that says that
    the page is the last."""
    current: str = ""
    """The member, if any, that repeats the cursor of the request: where it equals the next one, the
    list ends (Sirene)."""
    items: str = "data"
    place: Place = ""

    def next(self, page: Page) -> object:
        more, cursor = page.has_more(self.more), page.at(self.next_at) or None
        if more is False:
            return None
        if more and cursor is None:
            raise InvalidResponse("a page says that more follow, and does not name the next page")
        if isinstance(cursor, bool | Mapping | list):
            raise InvalidResponse("the cursor of the next page is neither text nor a number")
        # Solr ends a list by repeating the cursor.
        told = not page.items or (self.current and page.at(self.current) == cursor)
        return None if told and str(cursor) == str(page.parameter) else cursor


class LastId(msgspec.Struct, frozen=True, kw_only=True):
    """The next page starts after the last item of this one (Stripe)."""

    parameter: str = "starting_after"
    id: str = "id"
    more: str = "has_more"
    """As in `Cursor`; where the page does not have it, an empty page ends the list."""
    items: str = "data"
    place: Place = ""

    def next(self, page: Page) -> object:
        if page.ends(self.more):
            return None
        path = (self.items, LAST, self.id)
        last = page.at(".".join(part for part in path if part))
        if last is None:
            raise InvalidResponse(f"the last item has no {self.id!r}, which names the next page")
        return last


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """The next page starts after the items so far (SendGrid)."""

    parameter: str = "offset"
    first: int = 0
    """The position of the first item: 1 in SCIM."""
    more: str = ""
    """As in `LastId`."""
    total: str = ""
    """The member, if any, that has the number of all items."""
    items: str = "data"
    place: Place = ""

    def next(self, page: Page) -> object:
        following = page.position(self.first) + page.items
        return None if page.ends(self.more, self.total, following - self.first) else following


class PageNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Pages have numbers."""

    parameter: str = "page"
    first: int = 1
    more: str = ""
    """As in `LastId`."""
    total: str = ""
    """The member, if any, that has the number of all items."""
    pages: str = ""
    """The member, if any, that has the number of all pages."""
    items: str = "data"
    place: Place = ""

    def next(self, page: Page) -> object:
        number, pages = page.position(self.first), page.count(self.pages)
        if pages is not None and number - self.first + 1 >= pages:
            return None
        return None if page.ends(self.more, self.total, page.total) else number + 1


class LinkHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A Link header with `rel="next"` (RFC 8288; GitHub)."""

    items: str = ""

    @property
    def parameter(self) -> str:
        return ""

    def next(self, page: Page) -> object:
        return find_link(page.headers.get("link", ""))


class NextUrl(msgspec.Struct, frozen=True, kw_only=True):
    """The response holds the address of the next page (Twilio)."""

    next_at: str = "next_page_uri"
    items: str = "data"

    @property
    def parameter(self) -> str:
        return ""

    def next(self, page: Page) -> object:
        address = page.at(self.next_at) or None
        if address is not None and not isinstance(address, str):
            raise InvalidResponse("the address of the next page is not text")
        return address


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def dig(value: Any, path: str) -> Any:
    """The value at `path`, by wire names and list positions; None when there is none.

    A name that holds dots goes before the same path through several names.
    """
    if not path:
        return value
    names = path.split(".")
    for end in range(len(names), 0, -1):
        inner = _member(value, ".".join(names[:end]))
        if inner is not None and (inner := dig(inner, ".".join(names[end:]))) is not None:
            return inner
    return None


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
