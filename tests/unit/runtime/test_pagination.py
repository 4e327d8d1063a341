"""Pages as one stream of items, by both drivers; and providers whose pages never end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime.decoding.models import JSON, Model, field
from noctule.runtime.errors import InvalidResponse, NotFound
from noctule.runtime.operation import Operation
from noctule.runtime.pagination.iterator import (
    Cursor,
    LastId,
    LinkHeader,
    NextUrl,
    Offset,
    PageNumber,
    Paging,
)
from noctule.runtime.pagination.links import resolve_link
from noctule.runtime.request import Headers, Response
from noctule.runtime.responses.links import find_link
from support.runtime_calling import gathered

if TYPE_CHECKING:
    from noctule.runtime.testing import Received
    from support.runtime_calling import MakeShop


class Item(Model):
    id: str


class Listed(Model):
    entries: list[Item] = field(name="data")


ITEMS = [{"id": f"i{n}"} for n in range(7)]
LIST = Operation("list", "GET", "/v1/items", returns=Listed)
BARE = Operation("list", "GET", "/v1/items/{group}", returns=list[Item])
SEARCH = Operation("search", "POST", "/v1/search", returns=JSON, body="form")


def answer(body: object, **headers: str) -> Response:
    pairs = [("content-type", "application/json"), *headers.items()]
    return Response(200, Headers(pairs), json.dumps(body).encode())


def after_id(received: Received) -> Response:
    start = received.query.get("starting_after")
    first = next((n + 1 for n, item in enumerate(ITEMS) if item["id"] == start), 0)
    limit = int(received.query.get("limit", 3))
    page = ITEMS[first : first + limit]
    return answer({"data": page, "has_more": first + limit < len(ITEMS)})


def by_cursor(received: Received) -> Response:
    first = int(received.query.get("cursor", 0))
    following = str(first + 3) if first + 3 < len(ITEMS) else ""
    return answer({"data": ITEMS[first : first + 3], "meta": {"next_cursor": following}})


def by_offset(received: Received) -> Response:
    first = int(received.query.get("offset", 0))
    return answer({"data": ITEMS[first : first + 3]})


def by_number(received: Received) -> Response:
    first = 3 * (int(received.query.get("page", 1)) - 1)
    return answer({"data": ITEMS[first : first + 3]})


def by_link(received: Received) -> Response:
    page = int(received.query.get("page", 1))
    link = (
        f'<https://shop.example/v1/items/g?page={page + 1}>; rel="next", <https://x/>; rel="last"'
    )
    return answer(ITEMS[3 * page - 3 : 3 * page], **({"link": link} if page < 3 else {}))


def by_address(received: Received) -> Response:
    page = int(received.query.get("Page", 0))
    following = f"/v1/items?PageSize=3&Page={page + 1}&Token=a%2Fb" if page < 2 else None
    return answer({"data": ITEMS[3 * page : 3 * page + 3], "next_page_uri": following})


STYLES: list[tuple[Any, Operation[Any], Paging, int]] = [
    (after_id, LIST, LastId(), 3),
    (after_id, LIST, LastId(more=""), 4),
    (by_cursor, LIST, Cursor(next_at="meta.next_cursor"), 3),
    (by_offset, LIST, Offset(), 4),
    (by_number, LIST, PageNumber(), 4),
    (by_link, BARE, LinkHeader(), 3),
    (by_address, LIST, NextUrl(), 3),
]


@pytest.mark.parametrize(("provider", "operation", "paging", "calls"), STYLES)
def test_every_item_of_every_page_comes_once_and_typed(
    make_shop: MakeShop, provider: Any, operation: Any, paging: Paging, calls: int
) -> None:
    shop = make_shop()
    shop.provider.answers(provider, times=None)
    arguments = {"path": {"group": "g"}} if operation is BARE else {}
    collected = gathered(shop, operation, paging, **arguments)
    assert collected == [Item(id=item["id"]) for item in ITEMS]
    assert shop.sent == calls


def test_the_query_of_the_caller_goes_with_every_page(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.answers(after_id, times=None)
    gathered(shop, LIST, LastId(), query={"limit": 2, "none": None}, headers={"X": "1"})
    queries = [request.query for request in shop.provider.requests]
    assert queries == [
        {"limit": "2"},
        {"limit": "2", "starting_after": "i1"},
        {"limit": "2", "starting_after": "i3"},
        {"limit": "2", "starting_after": "i5"},
    ]
    assert {request.headers["x"] for request in shop.provider.requests} == {"1"}


def test_an_address_is_followed_as_it_is(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.answers(by_address, times=None)
    gathered(shop, LIST, NextUrl(), query={"mine": 1})
    assert shop.provider.requests[1].url.endswith("/v1/items?PageSize=3&Page=1&Token=a%2Fb")


def test_a_cursor_goes_into_the_body_of_a_request_that_has_one(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": [1, 2], "next_cursor": "c2"})
    shop.provider.replies(json={"data": [3]})
    assert gathered(shop, SEARCH, Cursor(), body={"q": "x"}) == [1, 2, 3]
    assert [request.form for request in shop.provider.requests] == [
        {"q": "x"},
        {"q": "x", "cursor": "c2"},
    ]


@pytest.mark.parametrize(("expected", "calls"), [(0, 0), (1, 1), (3, 1), (4, 2), (7, 3), (99, 3)])
def test_no_more_than_wanted_is_given_or_fetched(
    make_shop: MakeShop, expected: int, calls: int
) -> None:
    shop = make_shop()
    shop.provider.answers(after_id, times=None)
    collected = gathered(shop, LIST, LastId(), max_items=expected)
    assert len(collected) == min(expected, 7)
    assert shop.sent == calls


def endless(received: Received) -> Response:
    number = int(received.query.get("cursor", 0))
    return answer({"data": [{"id": str(number)}], "next_cursor": str(number + 1)})


def circling(received: Received) -> Response:
    at_a = received.query.get("cursor") == "a"
    return answer({"data": ITEMS[:1] if at_a else ITEMS[1:2], "next_cursor": "b" if at_a else "a"})


@pytest.mark.parametrize(
    ("provider", "reason"), [(endless, "more than 20 pages"), (circling, "same page twice")]
)
def test_pages_that_do_not_end_are_an_error_not_a_hang(
    make_shop: MakeShop, provider: Any, reason: str
) -> None:
    shop = make_shop()
    shop.provider.answers(provider, times=None)
    with pytest.raises(InvalidResponse, match=reason):
        gathered(shop, LIST, Cursor(), max_pages=20)
    assert shop.sent <= 20


@pytest.mark.parametrize(
    "paging",
    [
        PageNumber(),
        PageNumber(first=0),
        PageNumber(total="total"),
        Offset(),
        Cursor(),
        LastId(more=""),
        NextUrl(next_at="address"),
    ],
)
@pytest.mark.parametrize("operation", [LIST, SEARCH])
def test_a_page_that_repeats_the_one_before_is_an_error(
    make_shop: MakeShop, paging: Paging, operation: Operation[Any]
) -> None:
    """Whatever the request looked like: the provider did not read its parameter."""
    shop = make_shop()
    for number in range(9):
        said = {"next_cursor": f"c{number}", "address": f"/v1/items?at={number}", "total": 99}
        shop.provider.replies(json={"data": ITEMS[:2], **said})
    arguments: dict[str, Any] = {"body": {}} if operation is SEARCH else {}
    with pytest.raises(InvalidResponse, match="same page twice"):
        gathered(shop, operation, paging, **arguments)
    assert shop.sent == 2


def test_items_that_only_the_document_cannot_tell_apart_are_read(make_shop: MakeShop) -> None:
    """The model has no member that differs."""
    shop = make_shop()
    for number in range(3):
        shop.provider.replies(json={"data": [{"id": "i", "number": number}]})
    shop.provider.replies(json={"data": []})
    assert len(gathered(shop, LIST, PageNumber())) == 3


@pytest.mark.parametrize(
    ("paging", "page", "reason"),
    [
        (Cursor(more="has_more"), {"has_more": True}, "does not name the next page"),
        (Cursor(more="!last"), {"last": False}, "does not name the next page"),
        (Cursor(), {"next_cursor": {"at": 1}}, "neither text nor a number"),
        (NextUrl(next_at="next"), {"next": 2}, "not text"),
        (LastId(id="key"), {"has_more": True}, "the last item has no 'key'"),
        (LastId(), {"data": [], "has_more": True}, "without items"),
        (Offset(more="has_more"), {"data": [], "has_more": "true"}, "without items"),
        (PageNumber(more="!last"), {"data": [], "last": False}, "without items"),
    ],
)
def test_a_page_that_contradicts_itself_is_an_error_not_the_end(
    make_shop: MakeShop, paging: Paging, page: dict[str, Any], reason: str
) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": ITEMS[:2], **page})
    with pytest.raises(InvalidResponse, match=reason):
        gathered(shop, LIST, paging)


@pytest.mark.parametrize(
    ("paging", "page"),
    [
        (Cursor(more="has_more"), {"has_more": False, "next_cursor": "c"}),
        (Cursor(more="header:X-More"), {"next_cursor": "c"}),
        (Offset(total="meta.total"), {"meta": {"total": 2}}),
        (Offset(total="meta.total"), {"meta": {"total": "2"}}),
        (Offset(total="meta.total", first=1), {"meta": {"total": 2}}),
        (PageNumber(total="a.total"), {"a.total": 2}),
        (PageNumber(pages="pages", first=0), {"pages": 1}),
        (PageNumber(more="!last"), {"last": True}),
        (LastId(), {"has_more": False}),
        (NextUrl(next_at="@odata.nextLink"), {"@odata": {"nextLink": None}}),
    ],
)
def test_what_ends_a_list(make_shop: MakeShop, paging: Paging, page: dict[str, Any]) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": ITEMS[:2], **page}, headers={"x-more": "false"})
    assert len(gathered(shop, LIST, paging)) == 2


@pytest.mark.parametrize(
    ("paging", "first", "second"),
    [
        (NextUrl(next_at="@odata.nextLink"), {"@odata.nextLink": "?cursor=c2"}, {}),
        (Cursor(next_at="a.b.c"), {"a.b": {"c": "c2"}}, {}),
        (Cursor(next_at="a.b.c"), {"a": {"b.c": "c2"}, "a.b": {}}, {}),
        (Cursor(next_at="next", current="at"), {"next": "c2"}, {"next": "c2", "at": "c2"}),
        (Cursor(next_at="next"), {"next": "c2"}, {"next": "c2", "data": []}),
    ],
)
def test_names_with_dots_and_cursors_that_stay(
    make_shop: MakeShop, paging: Paging, first: dict[str, Any], second: dict[str, Any]
) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": ITEMS[:2], **first})
    shop.provider.replies(json={"data": ITEMS[2:3], **second})
    assert len(gathered(shop, LIST, paging)) == 2 + len(second.get("data", ITEMS[2:3]))
    assert shop.provider.requests[1].query == {"cursor": "c2"}


def test_an_offset_starts_where_the_caller_says(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.answers(by_offset, times=None)
    assert gathered(shop, LIST, Offset(), query={"offset": 2}) == [
        Item(id=f"i{n}") for n in range(2, 7)
    ]


def test_a_parameter_of_the_query_beside_a_body(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": [1]}).replies(json={"data": []})
    paging = Offset(place="query")
    assert gathered(shop, SEARCH, paging, body={"q": "x"}, query={"limit": 1}) == [1]
    assert shop.provider.requests[1].query == {"limit": "1", "offset": "1"}
    assert shop.provider.requests[1].form == {"q": "x"}


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1/items?page=2",
        "//evil.example/v1/items",
        "http://shop.example/v1/items",
        "https://shop.example:444/v1/items",
        "https://shop.example@evil.example/",
        "https://shop.example.evil.example/v1/items",
        "ftp://shop.example/v1",
        "javascript:alert(1)",
        "https://[bad/",
        "/v1/%2e%2e/%2E%2e/admin",
    ],
)
def test_credentials_do_not_follow_a_link_elsewhere(make_shop: MakeShop, link: str) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": [], "next_page_uri": link}, times=None)
    with pytest.raises(InvalidResponse, match="next page"):
        gathered(shop, LIST, NextUrl())
    assert shop.sent == 1


def test_links_stay_below_a_base_with_a_path() -> None:
    base, here = "https://shop.example/api/v2", "https://shop.example/api/v2/items"
    assert resolve_link(base, here, "?page=2&a=1&a=2") == ("/items", {"page": "2", "a": ["1", "2"]})
    assert resolve_link(base, here, "/api/v2/x/{y}/é z") == ("/x/%7By%7D/%C3%A9%20z", {})
    for link in ("/api/v1/items", "/api/v22/items", "../../admin"):
        with pytest.raises(InvalidResponse):
            resolve_link(base, here, link)


def test_a_page_without_items_where_items_should_be(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json={"has_more": False})
    assert gathered(shop, LIST, LastId()) == []
    shop.provider.replies(json={"data": "none", "has_more": True})
    with pytest.raises(InvalidResponse, match="items should be"):
        gathered(shop, LIST, LastId())


def test_an_error_on_a_page_is_the_callers(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json={"data": ITEMS[:3], "has_more": True}).replies(404, json={})
    with pytest.raises(NotFound):
        gathered(shop, LIST, LastId())


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://x/?page=2>; rel="next"', "https://x/?page=2"),
        ("<b>; rel=next", "b"),
        ('<a>; rel="prev", <b>; rel="next"', "b"),
        ('<a>; title="x, <c>; rel=next"; rel="prev", <b>; rel="last next"', "b"),
        ('<a>;REL="NEXT"', "a"),
        ("<a> ; title*=UTF-8''x ; rel = \"next\"", "a"),
        ('<a>; rel="prev"', None),
        ("", None),
        ("nonsense", None),
        ("<a; rel=next", None),
    ],
)
def test_link_headers(header: str, target: str | None) -> None:
    """RFC 8288, 3 and its examples."""
    assert find_link(header) == target


@given(st.text(st.sampled_from('<>;,="\\ relnxt*'), max_size=200))
def test_any_link_header_is_read(header: str) -> None:
    collected = find_link(header)
    assert collected is None or f"<{collected}>" in header


@pytest.mark.parametrize("piece", ["<", "<a>;", '<a>; rel="', "<a>; x=", ", ", '"'])
def test_hostile_link_headers_take_linear_time(piece: str) -> None:
    """Nothing is timed: a quadratic pattern would not end within the hour."""
    assert find_link(piece * 200_000) is None
