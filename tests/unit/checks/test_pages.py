"""What is said of a planned list whose pages are not read to the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from noctule import providers
from noctule.apidoc import parse
from noctule.checks.pages import unread_pages
from noctule.problem import Exit, Problem
from noctule.providers import PaginationFact

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument


def lists(count: int, parameter: str) -> ApiDocument:
    rows = {"type": "array", "items": {"type": "object", "properties": {"name": {}}}}
    schema = {"type": "object", "properties": {"rows": rows}}
    get: dict[str, Any] = {
        "parameters": [{"name": parameter, "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {f"/lists/{number}": {"get": get} for number in range(count)},
    }
    return parse(json.dumps(document).encode(), source="shop.json")


@pytest.mark.parametrize(("count", "more"), [(1, False), (8, False), (30, True)])
def test_the_lists_are_named(count: int, more: bool) -> None:
    (text,) = unread_pages([*lists(count, "limit").operations.values()], None, "en")
    assert text.startswith(f"{count} list(s)")
    assert text.count("GET /lists/") == min(count, 8)
    assert ("…" in text) == more


def test_nothing_is_said_of_lists_that_are_read() -> None:
    assert unread_pages([*lists(3, "page").operations.values()], None, "en") == ()


def test_a_style_of_the_pack_that_a_list_cannot_keep_is_refused() -> None:
    fact = PaginationFact(style="last_id", parameter="limit")
    pack = msgspec.structs.replace(providers.pack("stripe"), pagination=fact)
    with pytest.raises(Problem) as caught:
        unread_pages([*lists(1, "limit").operations.values()], pack, "en")
    assert caught.value.exit is Exit.REFUSED
    assert "GET /lists/0" in caught.value.cause("en")
