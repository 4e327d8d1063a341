"""The pages of the fake provider, asked for as the document says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from noctule.apidoc import parse
from noctule.sandbox import FakeProvider

INTEGER = {"type": "integer"}


def described(parameters: list[dict[str, Any]], **signs: Any) -> Any:
    item = {"type": "object", "properties": {"id": INTEGER}}
    page = {"content": {"type": "array", "items": item}, **signs}
    schema = {"type": "object", "properties": page}
    operation = {
        "operationId": "listThings",
        "parameters": parameters,
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://api.shop.test"}],
        "paths": {"/things": {"get": operation}},
    }
    return parse(json.dumps(document).encode(), source="shop.json")


def parameter(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {**INTEGER, **schema}}


@pytest.mark.parametrize(
    ("parameters", "queries"),
    [
        ([parameter("page", default=0)], ["", "?page=1", "?page=2"]),
        ([parameter("page")], ["", "?page=2", "?page=3"]),
        ([parameter("offset"), parameter("limit")], ["", "?offset=2", "?offset=4"]),
        (
            [parameter("page", default=0), parameter("size")],
            ["?size=2", "?size=2&page=1", "?size=2&page=2"],
        ),
    ],
)
def test_the_number_of_a_page_is_not_taken_for_an_id(
    parameters: list[dict[str, Any]], queries: list[str]
) -> None:
    """Items have the ids 1 to 6, which are numbers of pages and offsets, too."""
    document = described(parameters, last={"type": "boolean"}, number=INTEGER)

    async def read(queries: list[str]) -> list[Any]:
        async with FakeProvider(document) as fake, httpx2.AsyncClient() as client:
            fake.serve_pages("GET /things", "pages")
            return [(await client.get(f"{fake.base_url}/things{q}")).json() for q in queries]

    *pages, again = asyncio.run(read([*queries, queries[1]]))
    assert [item["id"] for page in pages for item in page["content"]] == [1, 2, 3, 4, 5, 6]
    assert [page["last"] for page in pages] == [False, False, True]
    first = pages[0]["number"]
    assert [page["number"] for page in pages] == [first, first + 1, first + 2]
    assert again == pages[1]
