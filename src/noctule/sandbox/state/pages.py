"""A list in pages: pages that end, that repeat, and that promise more than there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import parse_qsl, urlencode

import msgspec

from noctule.apidoc import Schema, sample
from noctule.apidoc.values.fits import fits
from noctule.json_types import as_dict, is_number, is_object, set_path
from noctule.sandbox.http.connection import FakeResponse
from noctule.sandbox.request import NEXT_PARAMETER
from noctule.sandbox.state.operation_roles import concrete
from noctule.sandbox.state.page_signs import PageSigns, plain, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.providers import PaginationFact
    from noctule.sandbox.request import RequestValues
    from noctule.sandbox.stated.bodies import StatedMedia
    from noctule.sandbox.stated.operation import StatedOperation

PageKind = Literal["pages", "pages_repeat", "pages_lie"]
PAGE_KINDS: tuple[PageKind, ...] = get_args(PageKind)
SIZE = 2
PAGES = 3
FIRST_SERIAL = 7_000_001


class PagedList:
    """The pages of one operation. `kind` says whether they are honest."""

    def __init__(
        self,
        operation: StatedOperation,
        media: StatedMedia,
        status: int,
        fact: PaginationFact | None,
    ) -> None:
        """`fact` is what a pack knows of the provider's pages beside the document."""
        self._fact = fact
        self._operation = operation
        self._media = media
        self._status = status
        self._schema = concrete(Schema.of(media.schema)) if media.schema else None
        self._headers = operation.successes[0].headers
        self._indexes: dict[str, int] = {}
        self.kind: PageKind = "pages"

    @classmethod
    def of(cls, operation: StatedOperation, fact: PaginationFact | None) -> PagedList | None:
        """None for an operation that returns no list, or whose pages nothing could ask for."""
        for success in operation.successes:
            for media in success.media:
                status = int(success.status) if success.status.isdigit() else 200
                if "json" in media.essence and media.schema is not None:
                    pages = cls(operation, media, status, fact)
                    return pages if pages.is_possible else None
        return None

    @property
    def is_possible(self) -> bool:
        """Whether there are lists whose items can be told apart, and a way to ask for a page."""
        told = any(len(items) == SIZE and items[0] != items[1] for items in self._lists(0).values())
        return told and bool(self._asks or "link" in self._headers or self._says_next())

    def response(self, values: RequestValues, target: str, origin: str) -> FakeResponse:
        """The page that a request asks for."""
        index = self._index(values, target)
        if self.kind == "pages_repeat":
            index = 0
        signs = self._signs(index, target, origin)
        body: Any = self._body(index, signs)
        headers = {"content-type": self._media.type, **self._said_in_headers(signs)}
        return FakeResponse(self._status, msgspec.json.encode(body), headers)

    def _index(self, values: RequestValues, target: str) -> int:
        """The page that is asked for: by what an earlier page said, else by a number."""
        asked = {
            **values.query,
            **as_dict(values.body),
            **dict(parse_qsl(target.partition("?")[2])),
        }
        for name, value in asked.items():
            kind = sign(name)
            number = _number(value)
            counting = kind in ("number", "offset", "size")
            counts = number is not None and number < FIRST_SERIAL and counting
            # The number or the size of a page is not the id of an item that is equal to it.
            if not counts and str(value) in self._indexes:
                return self._indexes[str(value)]
        for name, value in asked.items():
            kind = sign(name)
            number = _number(value)
            if number is None:
                continue
            if kind == "offset":
                return max(0, int(number) // SIZE)
            if kind == "number":
                return max(0, int(number) - self._first(name))
        return 0

    def _first(self, name: str) -> int:
        """The number of the first page."""
        stated = next((each for each in self._operation.within("query") if each.name == name), None)
        return 0 if stated and stated.schema.follow().mapping.get("default") == 0 else 1

    @property
    def _asks(self) -> list[tuple[str, str]]:
        """The parameters that can ask for a page, and what they say."""
        stated = [each.name for each in self._operation.within("query")]
        body = self._operation.body
        media = body.media[0] if body is not None and body.media else None
        if media is not None and media.schema is not None:
            stated += Schema.of(media.schema).properties
        kinds = ((name, sign(name)) for name in stated)
        return [(n, k) for n, k in kinds if k in ("token", "next", "number", "offset")]

    def _says_next(self) -> bool:
        if self._schema is None:
            return False
        return any(sign(name) in ("url", "next") for name in _names(self._schema, 0))

    def _signs(self, index: int, target: str, origin: str) -> PageSigns:
        more = index < PAGES - 1 if self.kind == "pages" else index < 1 or self.kind != "pages_lie"
        following = 0 if self.kind == "pages_repeat" else index
        token, serial = f"page{following + 1}sample", FIRST_SERIAL + following
        self._indexes |= {token: following + 1, str(serial): following + 1}
        first = next((self._first(name) for name, kind in self._asks if kind == "number"), 1)
        number, offset = following + 1 + first, (following + 1) * SIZE
        url = self._url(target, origin, token, number, offset)
        self._indexes[url] = following + 1
        return PageSigns(
            url=url if more else None,
            token=token if more else None,
            serial=serial if more else None,
            number=number if more else None,
            offset=offset if more else None,
            total=SIZE * PAGES,
            pages=PAGES,
            current=index + first,
            position=index * SIZE,
            size=SIZE,
        )

    def _url(self, target: str, origin: str, token: str, number: int, offset: int) -> str:
        path, _, query = target.partition("?")
        steering = dict(self._asks)
        kept = [(n, v) for n, v in parse_qsl(query) if n not in {*steering, NEXT_PARAMETER}]
        of_query = {each.name for each in self._operation.within("query")}
        name, kind = next(
            ((n, k) for n, k in steering.items() if n in of_query), (NEXT_PARAMETER, "token")
        )
        values: Mapping[str, object] = {"number": number, "offset": offset}
        return f"{origin}{path}?{urlencode([*kept, (name, values.get(kind, token))])}"

    def _said_in_headers(self, signs: PageSigns) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name in self._headers:
            text = plain(name).removeprefix("x")
            if text == "link":
                headers[name] = f'<{signs.url}>; rel="next"' if signs.more else ""
            elif "next" in text and signs.more:
                headers[name] = str(signs.number if "page" in text else signs.token)
            elif "pages" in text:
                headers[name] = str(signs.pages)
            elif "total" in text:
                headers[name] = str(signs.total)
        if self._fact is not None and self._fact.style == "link_header" and signs.more:
            headers["link"] = f'<{signs.url}>; rel="next"'
        return {name: value for name, value in headers.items() if value}

    def _with_fact(self, body: dict[str, Any], signs: PageSigns) -> dict[str, Any]:
        """What the pack knows to be in a page, whether or not the document has it."""
        fact = self._fact
        if fact is None or not fact.next or ":" in fact.next:
            return body
        following = signs.url if fact.style == "next_uri" else signs.token
        set_path(body, fact.next, following or "")
        return body

    def _body(self, index: int, signs: PageSigns) -> Any:
        lists = self._lists(index)
        if self._schema is None or () in lists:
            return lists.get((), [])
        body = signs.written(self._schema, as_dict(sample(self._schema, optional=True)))
        for (*above, last), items in lists.items():
            node = body
            for name in above:
                node[name] = node = dict(as_dict(node.get(name)))
            node[last] = items
        return self._with_fact(body, signs)

    def _lists(self, index: int) -> dict[tuple[str, ...], list[Any]]:
        """Every list of the response, one of which is the one in pages: by the names that lead to
        it, none where the response is the list."""
        if self._schema is None:
            return {}
        if self._schema.type == "array":
            found: dict[tuple[str, ...], Schema] = {(): self._schema}
        else:
            found = dict(_lists(self._schema, (), 0))
        return {
            path: self._items(concrete(each.items), index)
            for path, each in found.items()
            if each.items is not None
        }

    def _items(self, schema: Schema, index: int) -> list[Any]:
        count = SIZE if index < (PAGES if self.kind == "pages" else 1) else 0
        items = [_numbered(schema, index * SIZE + place + 1) for place in range(count)]
        if items and is_object(items[-1]) and "id" in items[-1]:
            self._indexes[str(items[-1]["id"])] = index + 1
        return items


def _lists(
    schema: Schema, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], Schema]]:
    for name, stated in schema.properties.items():
        member = concrete(stated)
        if member.type == "array" and member.items is not None:
            yield (*path, name), member
        elif member.properties and depth < 1:
            yield from _lists(member, (*path, name), depth + 1)


def _names(schema: Schema, depth: int) -> Iterator[str]:
    for name, stated in schema.properties.items():
        yield name
        member = concrete(stated)
        if member.properties and depth < 2:
            yield from _names(member, depth + 1)


def _number(value: object) -> int | float | None:
    if is_number(value):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _numbered(schema: Schema, number: int) -> Any:
    """An item that no other is equal to."""
    value = sample(schema, optional=True)
    if not is_object(value):
        return _with_number(schema, value, number)
    names = sorted(schema.properties, key=lambda name: plain(name) != "id")
    for name in names:
        if name in value:
            changed = _with_number(concrete(schema.properties[name]), value[name], number)
            if changed != value[name]:
                return {**value, name: changed}
    return value


def _with_number(schema: Schema, value: Any, number: int) -> Any:
    candidates: tuple[Any, ...] = ()
    if isinstance(value, str):
        candidates = (f"{value}{number}", f"{value[:-1]}{number}", str(number))
    elif is_number(value):
        candidates = (number, value + number)
    return next((each for each in candidates if fits(schema, each)), value)
