"""Pagination: lists in pages, as one stream of items.

    async for customer in paginate(stripe, LIST_CUSTOMERS, LastId(), query={"limit": 100}):
        ...

`PageWalk` decides for both `paginate` and `paginate_sync`. Responses are not trusted: the same page
twice in a row, a link to another origin, and more than `max_pages` raise `InvalidResponse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from noctule.runtime.decoding.models import decode
from noctule.runtime.encoding import expand_path
from noctule.runtime.errors import InvalidResponse
from noctule.runtime.pagination.links import resolve_link
from noctule.runtime.pagination.styles import (
    Cursor,
    LastId,
    LinkHeader,
    NextUrl,
    Offset,
    Page,
    PageNumber,
    Paging,
    dig,
    is_list,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Unpack

    from noctule.runtime.call.request_builder import CallArguments
    from noctule.runtime.call.result import RawResponse
    from noctule.runtime.operation import Operation
    from noctule.runtime.service import Service, SyncService

__all__ = [
    "Cursor",
    "LastId",
    "LinkHeader",
    "NextUrl",
    "Offset",
    "PageNumber",
    "PageWalk",
    "Paging",
    "paginate",
    "paginate_sync",
]

MAX_PAGES = 10_000
REPEATED = "the provider returned the same page twice"


async def paginate(
    service: Service,
    operation: Operation[Any],
    paging: Paging,
    *,
    max_items: int | None = None,
    max_pages: int = MAX_PAGES,
    **arguments: Unpack[CallArguments],
) -> AsyncIterator[Any]:
    """Every item of every page, each page being one call under all policies.

    Ends after `max_items`. Raises what `Service.call` raises, and `InvalidResponse` for pages that
    do not end. The items have the type that the operation declares.
    """
    walk = PageWalk(
        operation, paging, arguments, service.base_url_of(operation), max_items, max_pages
    )
    while not walk.done:
        page = await service.raw(walk.operation, **walk.arguments)
        for item in walk.take(page):
            yield item


def paginate_sync(
    service: SyncService,
    operation: Operation[Any],
    paging: Paging,
    *,
    max_items: int | None = None,
    max_pages: int = MAX_PAGES,
    **arguments: Unpack[CallArguments],
) -> Iterator[Any]:
    """`paginate`, without await."""
    walk = PageWalk(
        operation, paging, arguments, service.base_url_of(operation), max_items, max_pages
    )
    while not walk.done:
        yield from walk.take(service.raw(walk.operation, **walk.arguments))


class PageWalk:
    """The state of one pagination: `operation` and `arguments` of the next page, until `done`."""

    def __init__(
        self,
        operation: Operation[Any],
        paging: Paging,
        arguments: CallArguments,
        base_url: str,
        max_items: int | None = None,
        max_pages: int = MAX_PAGES,
    ) -> None:
        self.operation = operation
        self.arguments: CallArguments = arguments
        self.done = max_items == 0
        self._paging = paging
        self._base_url = base_url
        self._max_items = max_items
        self._max_pages = max_pages
        self._items = 0
        self._requested = {self._fingerprint()}
        self._before: tuple[list[Any], bytes] = ([], b"")
        """Items and content of the page before."""

    def take(self, raw: RawResponse[Any]) -> list[Any]:
        """The items of this page, up to `max_items` of all pages."""
        items = self._page_items(raw)
        self._refuse_repeated(items, raw.response.content)
        before, self._items = self._items, self._items + len(items)
        if self._max_items is not None and self._items >= self._max_items:
            self.done = True
            return items[: self._max_items - before]
        response = raw.response
        parameter = self._parameters().get(self._paging.parameter)
        page = Page(response.content, response.headers, len(items), self._items, parameter)
        self._advance(self._paging.next(page))
        return items

    def _page_items(self, raw: RawResponse[Any]) -> list[Any]:
        items = dig(raw.value, self._paging.items)
        if is_list(items):
            return items
        if items is None:
            # Some providers leave an empty list out.
            return []
        raise InvalidResponse("a page has no list where its items should be")

    def _refuse_repeated(self, items: list[Any], content: bytes) -> None:
        """Raise for the items of the page before: the provider did not read what it was asked."""
        items_before, before = self._before
        self._before = items, content
        # What the model does not have may tell two items apart.
        if items and items == items_before and self._received(content) == self._received(before):
            raise InvalidResponse(REPEATED)

    def _received(self, content: bytes) -> Any:
        return dig(decode(Any, content)[0], self._paging.items)

    def _advance(self, position: object) -> None:
        self.done = position is None
        if self.done:
            return
        if self._paging.parameter:
            self._set_parameters({**self._parameters(), self._paging.parameter: position})
        elif isinstance(position, str):
            self._follow(position)
        fingerprint = self._fingerprint()
        if fingerprint in self._requested:
            raise InvalidResponse(REPEATED)
        if len(self._requested) >= self._max_pages:
            raise InvalidResponse(f"its list has more than {self._max_pages} pages")
        self._requested.add(fingerprint)

    def _follow(self, link: str) -> None:
        path = expand_path(self.operation.path, self.arguments.get("path"), self.operation.styles)
        path, query = resolve_link(self._base_url, self._base_url + path, link)
        self.operation = replace(self.operation, path=path)
        self.arguments = cast("CallArguments", {**self.arguments, "path": None, "query": query})

    def _parameters(self) -> Mapping[str, object]:
        """The parameters with the paging's."""
        return cast("Mapping[str, object]", self.arguments.get(self._place()) or {})

    def _set_parameters(self, parameters: Mapping[str, object]) -> None:
        self.arguments = cast("CallArguments", {**self.arguments, self._place(): parameters})

    def _place(self) -> str:
        place = getattr(self._paging, "place", "")
        in_body = isinstance(self.arguments.get("body"), Mapping)
        return place or ("body" if in_body else "query")

    def _fingerprint(self) -> str:
        """Identifies the request for a page."""
        return f"{self.operation.path} {sorted(map(repr, self._parameters().items()))}"
