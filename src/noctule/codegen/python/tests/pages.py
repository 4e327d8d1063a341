"""The test that an iterator asks for the second page as the first one says, and then ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.codegen.build.expected_request import expected
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import (
    Code,
    call,
    collection,
    columns,
    joined,
    lay_out,
)
from noctule.codegen.python.emitter.literals import Verbatim, literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.json_types import is_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.codegen.model.integration import Method, Pages
    from noctule.codegen.python.tests.module import Suite

SECOND = "page-2"
"""What the first page says, where it says anything."""


def pages_test(suite: Suite, method: Method, pages: Pages, arguments: Sequence[Code]) -> Block:
    mode = suite.mode
    base = suite.constant(method.returns, method.name, method.answer) if method.returns else ""
    first, headers = _first(pages, base)
    before, start = suite.calls(f"{method.name}_all", "pages = ", waits=False)
    once = [call("provider.replies", joined("json=", first), *headers, "times=None")]
    options = call(suite.imports.use(RUNTIME, "CallOptions"), 'headers={"X-Test": "1"}')
    limits: list[Code] = ["max_items=1", joined("options=", options)]
    few = call(start.removeprefix("pages = "), *arguments, *limits)
    walk = f"[item {mode.start}for item in pages]" if mode.asynchronous else "list(pages)"
    second: list[str] = []
    if pages.kind in ("NextUrl", "LinkHeader"):
        second = _assigned("second", string(_address(suite, method)))
    body = [
        *second,
        *lay_out(call("provider.replies", joined("json=", first), *headers), 4),
        *lay_out(call("provider.replies", joined("json=", _last(pages, base))), 4),
        *before,
        *lay_out(call(start, *arguments), 4),
        f"    items = {walk}",
        *lay_out(joined("assert len(items) == ", str(_count(pages))), 4),
        *_second_request(method, pages),
        *_asked_alike(suite, method, pages),
        *lay_out(once[0], 4),
        *lay_out(joined("few = ", few), 4),
        f"    assert len({walk.replace('pages', 'few')}) == 1",
        '    assert provider.requests[-1].headers["X-Test"] == "1"',
    ]
    parameters = [suite.service, "provider: MockProvider"]
    lines = suite.function(f"test_{method.name}_page_by_page", parameters, "None", body)
    return Block(tuple(lines), definition=True)


def _assigned(name: str, text: str) -> list[str]:
    """A text in parentheses where it does not fit beside its name."""
    line = f"    {name} = {text}"
    if len(line) <= columns() or len(text) + 8 > columns():
        return [line]
    return [f"    {name} = (", f"        {text}", "    )"]


def _first(pages: Pages, base: str) -> tuple[Code, list[Code]]:
    """The first page, and the headers that come with it."""
    told: dict[str, Any] = {}
    headers: list[Code] = []
    settings = pages.settings
    match pages.kind:
        case "Cursor":
            _put(told, str(settings.get("next_at", "next_cursor")), SECOND)
        case "NextUrl":
            _put(told, str(settings.get("next_at", "next_page_uri")), Verbatim("second"))
        case "LinkHeader":
            headers = ["""headers={"Link": f'<{second}>; rel="next"'}"""]
        case _:
            if more := _more(pages):
                _put(told, more, value=True)
    return _page(pages, base, [pages.example], told), headers


def _address(suite: Suite, method: Method) -> str:
    """Of the second page, with stand-ins for credentials that are part of it."""
    wire = expected(suite.wrapper, method, {name: name for _, _, name in method.fixed})
    home = urlsplit(suite.origin)
    return f"{home.scheme}://{home.netloc}{wire.path}?page=2"


def _last(pages: Pages, base: str) -> Code:
    told: dict[str, Any] = {}
    if more := _more(pages):
        _put(told, more, value=False)
    ends_empty = pages.kind in ("Offset", "PageNumber", "LastId") and not _more(pages)
    for kind, default in (("Cursor", "next_cursor"), ("NextUrl", "next_page_uri")):
        if pages.kind == kind:
            _put(told, str(pages.settings.get("next_at", default)), value=None)
    return _page(pages, base, [] if ends_empty else [pages.example], told)


def _page(pages: Pages, base: str, items: list[Any], told: dict[str, Any]) -> Code:
    where = str(pages.settings.get("items", "" if pages.kind == "LinkHeader" else "data"))
    if not where:
        return literal(items)
    told = {where: items, **told}
    pairs = [joined(f"{string(key)}: ", literal(value)) for key, value in told.items()]
    return collection("{", [Verbatim(f"**{base}").source, *pairs], "}")


def _count(pages: Pages) -> int:
    return 1 if pages.kind in ("Offset", "PageNumber", "LastId") and not _more(pages) else 2


def _second_request(method: Method, pages: Pages) -> list[str]:
    part = "query" if method.verb == "GET" else "form" if method.body == "form" else "json"
    usual = {
        "Cursor": "cursor",
        "LastId": "starting_after",
        "Offset": "offset",
        "PageNumber": "page",
    }
    name = str(pages.settings.get("parameter", usual.get(pages.kind, "page")))
    first = int(pages.settings.get("first", 1))
    value: Any = {"Cursor": SECOND, "Offset": "1", "PageNumber": str(first + 1)}.get(
        pages.kind, "2"
    )
    if pages.kind == "LastId":
        value = str(pages.example["id"])
    left = f"assert provider.requests[-1].{part}[{string(name)}] == "
    return lay_out(joined(left, literal(value)), 4)


def _asked_alike(suite: Suite, method: Method, pages: Pages) -> list[str]:
    """What was asked for once is asked for on the second page too, unless its address is given."""
    wire = expected(suite.wrapper, method, {name: name for _, _, name in method.fixed})
    told = {name: text for name, text in wire.query.items() if name not in pages.steered}
    if not told:
        return []
    request = -2 if pages.kind in ("NextUrl", "LinkHeader") else -1
    right = f".items() <= provider.requests[{request}].query.items()"
    return lay_out(joined("assert ", literal(told), right), 4)


def _more(pages: Pages) -> str:
    usual = "has_more" if pages.kind == "LastId" else ""
    return str(pages.settings.get("more", usual))


def _put(told: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        inner = told.setdefault(key, {})
        told = inner if is_object(inner) else {}
    told[last] = value
