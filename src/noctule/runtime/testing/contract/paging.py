"""Two pages of a list, as a provider would answer them, and the request for the second one."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.runtime.pagination.styles import (
    Cursor,
    LastId,
    LinkHeader,
    NextUrl,
    Offset,
    PageNumber,
    dig,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.pagination.styles import Paging
    from noctule.runtime.testing.contract.example import ExampleCall

CURSOR = "page-2"


@dataclass(frozen=True)
class TwoPages:
    """The answers with one item each, or none on a last page that ends the list by being empty."""

    first: Any
    last: Any
    item: Any
    count: int
    """Items on both pages."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the first answer."""
    parameter: str = ""
    """What asks for the second page; "" where the provider gives its address."""
    value: str = ""
    """The value of `parameter`, or "2" for the parameter `page` of the address."""


def two_pages(example: ExampleCall[Any], url: str) -> TwoPages:
    """The pages of a list example; `url` is where the service sends its requests.

    Raises TypeError for a paging of one's own, which needs a test of its own.
    """
    if example.pages is None:
        raise TypeError(f"{example.name}: the example has no pages")
    paging = example.pages.paging
    items = dig(example.answer, paging.items)
    item = items[0] if example.pages.item is None else example.pages.item
    more = getattr(paging, "more", "")
    ends_empty = isinstance(paging, LastId | Offset | PageNumber) and not more
    home = urlsplit(url)
    path = example.request.partition(" ")[2].partition("?")[0]
    address = f"{home.scheme}://{home.netloc}{path}?page=2"
    next_at, following = _following(paging, address)
    parameter, value = _second(paging, item)
    return TwoPages(
        first=_page(example.answer, paging.items, [item], {more: True, next_at: following}),
        last=_page(
            example.answer,
            paging.items,
            [] if ends_empty else [item],
            {more: False, next_at: None},
        ),
        item=item,
        count=1 if ends_empty else 2,
        headers={"Link": f'<{address}>; rel="next"'} if isinstance(paging, LinkHeader) else {},
        parameter=parameter,
        value=value,
    )


def _following(paging: Paging, address: str) -> tuple[str, str]:
    """Where the first page names the second one, and how."""
    if isinstance(paging, Cursor):
        return paging.next_at, CURSOR
    if isinstance(paging, NextUrl):
        return paging.next_at, address
    return "", ""


def _second(paging: Paging, item: Any) -> tuple[str, str]:
    match paging:
        case Cursor(parameter=name):
            return name, CURSOR
        case LastId(parameter=name, id=id):
            return name, str(dig(item, id))
        case Offset(parameter=name):
            return name, "1"
        case PageNumber(parameter=name, first=first):
            return name, str(first + 1)
        case LinkHeader() | NextUrl():
            return "", "2"
        case _:
            raise TypeError(f"the contract does not know {type(paging).__name__}")


def _page(answer: Any, items_at: str, items: list[Any], members: Mapping[str, Any]) -> Any:
    if not items_at:
        return items
    page: dict[str, Any] = copy.deepcopy(answer)
    for path, value in {items_at: items, **members}.items():
        if path:
            _put(page, path, value)
    return page


def _put(page: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        inner = page.get(key)
        page[key] = inner if isinstance(inner, dict) else {}
        page = page[key]
    page[last] = value
