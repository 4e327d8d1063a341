"""Every style of pages that a document shows: found, and read to the end by the runtime.

Each row is a document and a provider that keeps it, written from the same words by hand; the style
that is found reads all seven records of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noctule.apidoc import parse
from noctule.apidoc.pages.style import UnfitStyleError, page_style, unread
from noctule.providers import PaginationFact
from noctule.runtime.decoding.models import JSON
from noctule.runtime.operation import Operation
from noctule.runtime.pagination import styles
from noctule.runtime.request import Headers, Response
from support.runtime_calling import gathered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiOperation
    from noctule.runtime.testing import Received
    from support.runtime_calling import MakeShop

ITEMS = [{"id": f"i{number}"} for number in range(7)]
SIZE = 3
TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
LIST = {"type": "array", "items": {"type": "object", "properties": {"id": TEXT}}}


def typed(value: Any) -> dict[str, Any]:
    """The schema of a page, from one that the provider sends."""
    if isinstance(value, dict):
        return {"type": "object", "properties": {k: typed(v) for k, v in value.items()}}
    if isinstance(value, list):
        return LIST
    kinds: dict[type, dict[str, Any]] = {bool: TRUTH, int: NUMBER}
    return kinds.get(type(value), TEXT)


def operation(
    page: Any,
    asked: Mapping[str, Any],
    *,
    method: str = "GET",
    headers: tuple[str, ...] = (),
    **overrides: Any,
) -> ApiOperation:
    """A list whose pages look like `page`; a POST has its parameters in the body."""
    schema = typed(page)
    for name, replaced in overrides.items():
        schema["properties"][name] = replaced
    query = [{"name": name, "in": "query", "schema": of} for name, of in asked.items()]
    body = {"schema": {"type": "object", "properties": dict(asked)}}
    described: dict[str, Any] = {
        "parameters": query if method == "GET" else [],
        "responses": {
            "200": {
                "description": "ok",
                "headers": {name: {"schema": TEXT} for name in headers},
                "content": {"application/json": {"schema": schema}},
            }
        },
    }
    if method == "POST":
        described["requestBody"] = {"content": {"application/json": body}}
    document = parse(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "Shop", "version": "1"},
                "paths": {"/v1/items": {method.lower(): described}},
            }
        ).encode(),
        source="shop.json",
    )
    return document.operations[f"{method} /v1/items"]


def nested(path: str, value: Any) -> dict[str, Any]:
    """`value` under the names of `path`, which have slashes between them."""
    first, _, rest = path.partition("/")
    return {first: nested(rest, value) if rest else value}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    for name, value in other.items():
        both = isinstance(value, dict) and isinstance(one.get(name), dict)
        one[name] = merged(one[name], value) if both else value
    return one


class Provider:
    """Serves the records from the position that a request names."""

    def __init__(self, parameter: str, step: int = 1, first: int = 0, **members: str) -> None:
        self.parameter, self.step, self.first, self.members = parameter, step, first, members

    def value(self, start: int) -> int:
        return start // self.step + self.first

    def page(self, start: int) -> tuple[dict[str, Any], dict[str, str]]:
        following = start + SIZE
        more = following < len(ITEMS)
        body: dict[str, Any] = {"rows": ITEMS[start:following]}
        headers: dict[str, str] = {}
        said = {
            "next": str(self.value(following)) if more else None,
            "address": f"/v1/items?{self.parameter}={self.value(following)}" if more else None,
            "more": more,
            "last": not more,
            "total": len(ITEMS),
            "pages": 3,
            "current": str(self.value(start)),
        }
        for name, path in self.members.items():
            if path.startswith("header:"):
                if said[name] is not None:
                    headers[path.removeprefix("header:")] = str(said[name])
            else:
                merged(body, nested(path, said[name]))
        return body, headers

    def __call__(self, received: Received) -> Response:
        sent = received.query if received.method == "GET" else received.json or {}
        value = sent.get(self.parameter)
        start = 0 if value is None else (int(value) - self.first) * self.step
        assert value is None or start < len(ITEMS), "asked beyond the end"
        body, headers = self.page(start)
        pairs = [("content-type", "application/json"), *headers.items()]
        return Response(200, Headers(pairs), json.dumps(body).encode())


PAGED: list[tuple[str, Provider, dict[str, Any]]] = [
    # parameter, what the provider says, the parameter's schema
    ("Cursor", Provider("cursor", next="next_cursor"), TEXT),
    ("Cursor", Provider("cursor", next="response_metadata/next_cursor"), TEXT),
    ("Cursor", Provider("nextPageToken", next="nextPageToken"), TEXT),
    ("Cursor", Provider("pageToken", next="nextPageToken"), TEXT),
    ("Cursor", Provider("page_token", next="meta/next_page_token"), TEXT),
    ("Cursor", Provider("after", next="paging/next/after"), TEXT),
    ("Cursor", Provider("after", next="paging/cursors/next_after"), TEXT),
    ("Cursor", Provider("curseur", next="header/curseurSuivant", current="header/curseur"), TEXT),
    ("Cursor", Provider("after", next="pageInfo/endCursor", more="pageInfo/hasNextPage"), TEXT),
    ("Cursor", Provider("start_cursor", next="next_cursor", more="has_more"), TEXT),
    ("Cursor", Provider("NextToken", next="NextToken"), TEXT),
    ("Cursor", Provider("ContinuationToken", next="NextContinuationToken"), TEXT),
    ("Cursor", Provider("page[cursor]", next="meta/page/next_cursor"), TEXT),
    ("Cursor", Provider("page[after]", next="meta/page/next.cursor"), TEXT),
    ("Cursor", Provider("cursor", next="header:X-Next-Cursor"), TEXT),
    ("Cursor", Provider("page", SIZE, 1, next="header:X-Next-Page"), NUMBER),
    ("NextUrl", Provider("skip", address="@odata.nextLink"), NUMBER),
    ("NextUrl", Provider("skip", address="meta.page/odata.nextLink"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="links/next"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="_links/next/href"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="paging/next/link"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="nextRecordsUrl"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="pagination/next_url"), NUMBER),
    ("NextUrl", Provider("page", SIZE, 1, address="header:Next-Page-Url"), NUMBER),
    ("NextUrl", Provider("from", address="header:X-Next"), NUMBER),
    ("Offset", Provider("offset", total="total"), NUMBER),
    ("Offset", Provider("offset", total="meta/totalCount"), NUMBER),
    ("Offset", Provider("$skip", more="hasMore"), NUMBER),
    ("Offset", Provider("startAt", last="isLast"), NUMBER),
    ("Offset", Provider("startIndex", first=1, total="totalResults"), NUMBER),
    ("Offset", Provider("debut", total="header/total"), NUMBER),
    ("PageNumber", Provider("page", SIZE, 1, pages="totalPages"), NUMBER),
    ("PageNumber", Provider("page", SIZE, 0, last="last"), {**NUMBER, "default": 0}),
    ("PageNumber", Provider("page[number]", SIZE, 1, pages="meta/total_pages"), NUMBER),
    ("PageNumber", Provider("pageNumber", SIZE, 1, more="has_next"), NUMBER),
    ("PageNumber", Provider("numero_page", SIZE, 1, total="total"), NUMBER),
]


@pytest.mark.parametrize(
    ("kind", "provider", "schema", "method"),
    [
        pytest.param(*row, method, id=f"{method}-{row[1].parameter}-{[*row[1].members.values()]}")
        for row in PAGED
        for method in ("GET", "POST")
        if method == "GET" or (row[0] != "NextUrl" and "header" not in str(row[1].members))
    ],
)
def test_all_records_are_read(
    make_shop: MakeShop, kind: str, provider: Provider, schema: dict[str, Any], method: str
) -> None:
    page, headers = provider.page(0)
    asked = {"limit": NUMBER, provider.parameter: schema}
    style = page_style(operation(page, asked, method=method, headers=tuple(headers)))
    assert style is not None
    assert style.kind == kind
    paging = getattr(styles, kind)(items=style.items, **style.settings)
    shop = make_shop()
    shop.provider.answers(provider, times=None)
    call = Operation("list", method, "/v1/items", returns=JSON, body="json")
    arguments: dict[str, Any] = {"body": {"limit": SIZE}} if method == "POST" else {}
    assert gathered(shop, call, paging, **arguments) == ITEMS
    assert shop.sent == 3


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ({"rows": [], "cursor": "x"}, {"cursor": TEXT}),
        ({"rows": [], "token": "x"}, {"limit": NUMBER}),
        ({"rows": [], "next": {"position": "x"}}, {"limit": NUMBER}),
        ({"rows": [], "has_more": True}, {}),
        ({"rows": []}, {"limit": NUMBER}),
    ],
)
def test_pages_without_a_clear_style_are_told(page: Any, asked: dict[str, Any]) -> None:
    listed = operation(page, asked)
    assert page_style(listed) is None
    assert unread(listed)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ({"rows": [], "cursor": "x"}, {"q": TEXT}),
        ({"rows": [], "invoice": {"total": 3}}, {"after": {**TEXT, "format": "date"}}),
        ({"id": "x"}, {"page": NUMBER}),
    ],
)
def test_a_list_without_pages_is_not_told(page: Any, asked: dict[str, Any]) -> None:
    assert not unread(operation(page, asked))


def test_a_cursor_whose_description_leads_on() -> None:
    described = {**TEXT, "description": "The cursor for the next request; empty at the end."}
    style = page_style(operation({"rows": []}, {"cursor": TEXT}, cursor=described))
    assert style is not None
    assert style.settings == {"parameter": "cursor", "next_at": "cursor"}


def fact(**fields: str) -> PaginationFact:
    return PaginationFact(**{"parameter": "cursor", **fields})  # type: ignore[arg-type]


def test_the_pack_goes_before_the_document() -> None:
    listed = operation({"rows": [], "next_cursor": "x"}, {"cursor": TEXT})
    style = page_style(listed, fact(style="cursor", next="header:Next-Page"))
    assert style is not None
    assert style.settings == {"parameter": "cursor", "next_at": "header:Next-Page", "more": ""}


def test_a_style_of_the_pack_that_the_list_cannot_keep() -> None:
    items = {"type": "array", "items": {"type": "object", "properties": {"name": TEXT}}}
    listed = operation({"rows": []}, {"cursor": TEXT}, rows=items)
    with pytest.raises(UnfitStyleError):
        page_style(listed, fact(style="last_id"))
