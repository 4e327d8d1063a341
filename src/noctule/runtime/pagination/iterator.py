"""Pagination: lists in pages, as one stream of items.

    async for customer in paginate(stripe, LIST_CUSTOMERS, LastId(), query={"limit": 100}):
        ...

`PageWalk` decides for both `paginate` and `paginate_sync`. Responses are not trusted: the same page
twice, a link to another origin, and more than `max_pages` raise `InvalidResponse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

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

    def take(self, raw: RawResponse[Any]) -> list[Any]:
        """The items of this page, up to `max_items` of all pages."""
        items = self._page_items(raw)
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
            raise InvalidResponse("the provider returned the same page twice")
        if len(self._requested) >= self._max_pages:
            raise InvalidResponse(f"its list has more than {self._max_pages} pages")
        self._requested.add(fingerprint)

    def _follow(self, link: str) -> None:
        path = expand_path(self.operation.path, self.arguments.get("path"), self.operation.styles)
        path, query = resolve_link(self._base_url, self._base_url + path, link)
        self.operation = replace(self.operation, path=path)
        self.arguments = cast("CallArguments", {**self.arguments, "path": None, "query": query})

    def _parameters(self) -> Mapping[str, object]:
        """The parameters with the paging's: the body of a request that has one, else the query."""
        return self._body() or self.arguments.get("query") or {}

    def _set_parameters(self, parameters: Mapping[str, object]) -> None:
        part = "body" if self._body() is not None else "query"
        self.arguments = cast("CallArguments", {**self.arguments, part: parameters})

    def _body(self) -> Mapping[str, object] | None:
        body = self.arguments.get("body")
        return cast("Mapping[str, object]", body) if isinstance(body, Mapping) else None

    def _fingerprint(self) -> str:
        """Identifies the request for a page."""
        return f"{self.operation.path} {sorted(map(repr, self._parameters().items()))}"
