"""Lists that come in pages, as one stream of items.

    async for customer in paginate(stripe, LIST_CUSTOMERS, LastId(), query={"limit": 100}):
        ...

One `PageWalk` decides for `paginate` and `paginate_sync` alike. What a provider answers is not
trusted: a page that was there before, a link to another origin, and more than `max_pages` end
it with `InvalidResponse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from noctule.runtime.encoding import expand_path
from noctule.runtime.errors import InvalidResponse
from noctule.runtime.pagination.link_header import within
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

MOST_PAGES = 10_000


async def paginate(
    service: Service,
    operation: Operation[Any],
    paging: Paging,
    *,
    max_items: int | None = None,
    max_pages: int = MOST_PAGES,
    **arguments: Unpack[CallArguments],
) -> AsyncIterator[Any]:
    """Every item of every page, each page being one call under all policies.

    Ends quietly after `max_items`. Raises what `Service.call` raises, and `InvalidResponse` for
    pages that do not end. The items have the type that the operation gives them.
    """
    walk = PageWalk(operation, paging, arguments, service.base_url, max_items, max_pages)
    while not walk.over:
        answer = await service.raw(walk.operation, **walk.arguments)
        for item in walk.take(answer):
            yield item


def paginate_sync(
    service: SyncService,
    operation: Operation[Any],
    paging: Paging,
    *,
    max_items: int | None = None,
    max_pages: int = MOST_PAGES,
    **arguments: Unpack[CallArguments],
) -> Iterator[Any]:
    """`paginate`, without await."""
    walk = PageWalk(operation, paging, arguments, service.base_url, max_items, max_pages)
    while not walk.over:
        yield from walk.take(service.raw(walk.operation, **walk.arguments))


class PageWalk:
    """From page to page: says what to ask next, in `operation` and `arguments`, until `over`."""

    def __init__(
        self,
        operation: Operation[Any],
        paging: Paging,
        arguments: CallArguments,
        base_url: str,
        max_items: int | None = None,
        max_pages: int = MOST_PAGES,
    ) -> None:
        self.operation = operation
        self.arguments: CallArguments = arguments
        self.over = max_items == 0
        self._paging = paging
        self._base_url = base_url
        self._max_items = max_items
        self._max_pages = max_pages
        self._items = 0
        self._met = {self._fingerprint()}

    def take(self, answer: RawResponse[Any]) -> list[Any]:
        """The items of this page that are wanted."""
        items = self._found(answer)
        before, self._items = self._items, self._items + len(items)
        if self._max_items is not None and self._items >= self._max_items:
            self.over = True
            return items[: self._max_items - before]
        response = answer.response
        asked = self._parameters().get(self._paging.parameter)
        page = Page(response.content, response.headers, len(items), self._items, asked)
        self._go(self._paging.next(page))
        return items

    def _found(self, answer: RawResponse[Any]) -> list[Any]:
        found = dig(answer.value, self._paging.items)
        if is_list(found):
            return found
        if found is None:
            # Some leave an empty list out.
            return []
        raise InvalidResponse("a page holds something else where its items should be")

    def _go(self, to: object) -> None:
        self.over = to is None
        if self.over:
            return
        if self._paging.parameter:
            self._ask({**self._parameters(), self._paging.parameter: to})
        elif isinstance(to, str):
            self._follow(to)
        fingerprint = self._fingerprint()
        if fingerprint in self._met:
            raise InvalidResponse("the provider returned the same page twice")
        if len(self._met) >= self._max_pages:
            raise InvalidResponse(f"its list has more than {self._max_pages} pages")
        self._met.add(fingerprint)

    def _follow(self, link: str) -> None:
        path = expand_path(self.operation.path, self.arguments.get("path"), self.operation.styles)
        path, query = within(self._base_url, self._base_url + path, link)
        self.operation = replace(self.operation, path=path)
        self.arguments = cast("CallArguments", {**self.arguments, "path": None, "query": query})

    def _parameters(self) -> Mapping[str, object]:
        """Where the paging's parameter goes: into the form or JSON of a request that has one."""
        return self._body() or self.arguments.get("query") or {}

    def _ask(self, parameters: Mapping[str, object]) -> None:
        part = "body" if self._body() is not None else "query"
        self.arguments = cast("CallArguments", {**self.arguments, part: parameters})

    def _body(self) -> Mapping[str, object] | None:
        body = self.arguments.get("body")
        return cast("Mapping[str, object]", body) if isinstance(body, Mapping) else None

    def _fingerprint(self) -> str:
        """The request for a page, to know it again."""
        return f"{self.operation.path} {sorted(map(repr, self._parameters().items()))}"
