"""Two pages of a list, as a provider would answer them, and the request for the second one.

The pages have the form of the example answer, and the names of `ExamplePages.names`: what they say
of the next page stands where the document has it, not where the paging looks for it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.runtime.pagination.styles import (
    HEADER,
    NOT,
    Cursor,
    LastId,
    LinkHeader,
    NextUrl,
    Offset,
    PageNumber,
    dig,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.runtime.pagination.styles import Paging
    from noctule.runtime.testing.contract.example import ExampleCall

CURSOR = "page-2"


@dataclass(frozen=True)
class TwoPages:
    """The answers: one item, then two, or none on a last page that ends the list by being empty."""

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
    last = [] if _ends_empty(paging) else [item, item]
    home = urlsplit(url)
    path = example.request.partition(" ")[2].partition("?")[0]
    address = f"{home.scheme}://{home.netloc}{path}?page=2"
    parameter, value = _second(paging, item)
    count = 1 + len(last)
    first, headers = _page(example, [item], _said(paging, address, count, more=True))
    return TwoPages(
        first=first,
        last=_page(example, last, _said(paging, address, count, more=False))[0],
        item=item,
        count=count,
        headers=headers | _links(paging, address),
        parameter=parameter,
        value=value,
    )


def _ends_empty(paging: Paging) -> bool:
    counted = any(getattr(paging, name, "") for name in ("more", "total", "pages"))
    return isinstance(paging, LastId | Offset | PageNumber) and not counted


def _links(paging: Paging, address: str) -> dict[str, str]:
    return {"Link": f'<{address}>; rel="next"'} if isinstance(paging, LinkHeader) else {}


def _said(paging: Paging, address: str, count: int, *, more: bool) -> dict[str, Any]:
    """What a page says beside its items, by the paging's fields."""
    following = CURSOR if isinstance(paging, Cursor) else address
    negated = getattr(paging, "more", "").startswith(NOT)
    return {
        "next_at": following if more else None,
        "more": more is not negated,
        "total": count,
        "pages": 2,
    }


def _second(paging: Paging, item: Any) -> tuple[str, str]:
    match paging:
        case Cursor(parameter=name):
            return name, CURSOR
        case LastId(parameter=name, id=id):
            return name, str(dig(item, id))
        case Offset(parameter=name, first=first):
            return name, str(first + 1)
        case PageNumber(parameter=name, first=first):
            return name, str(first + 1)
        case LinkHeader() | NextUrl():
            return "", "2"
        case _:
            raise TypeError(f"the contract does not know {type(paging).__name__}")


def _page(
    example: ExampleCall[Any], items: list[Any], said: Mapping[str, Any]
) -> tuple[Any, dict[str, str]]:
    """Body and headers of a page."""
    pages = example.pages
    assert pages is not None
    page: Any = copy.deepcopy(example.answer)
    headers: dict[str, str] = {}
    for field_name, value in {"items": items, **said}.items():
        path = getattr(pages.paging, field_name, "").removeprefix(NOT)
        if path.startswith(HEADER):
            headers |= {} if value is None else {path.removeprefix(HEADER): _header(value)}
        elif path:
            _put(page, pages.names.get(field_name) or path.split("."), value)
        elif field_name == "items":
            page = value
    return page, headers


def _header(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _put(page: dict[str, Any], names: Sequence[str], value: Any) -> None:
    *parents, last = names
    for key in parents:
        inner = page.get(key)
        page[key] = inner if isinstance(inner, dict) else {}
        page = page[key]
    page[last] = value
