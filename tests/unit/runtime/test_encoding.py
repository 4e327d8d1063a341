"""What goes over the wire: every style, every kind of body, and what is refused."""

from __future__ import annotations

import asyncio
import enum
import io
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime.decoding.models import Model, field
from noctule.runtime.encoding import (
    NULL,
    File,
    encode,
    encode_body,
    expand_path,
    form,
    header,
    headers,
    query,
)
from noctule.runtime.encoding.multipart import multipart
from noctule.runtime.encoding.upload import BodySource, bounded, source
from noctule.runtime.errors import InvalidArgument
from noctule.runtime.operation import Operation
from noctule.runtime.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    YES = "oui"


SCALARS: list[tuple[object, str]] = [
    ("é &=+", "é &=+"),
    ("", ""),
    (True, "true"),
    (False, "false"),
    (0, "0"),
    (-12, "-12"),
    (10**20, "100000000000000000000"),
    (12.5, "12.5"),
    (1e16, "10000000000000000"),
    (1e-7, "0.0000001"),
    (Decimal("12.50"), "12.50"),
    (Decimal("1E+3"), "1000"),
    (datetime(2026, 11, 24, 3, tzinfo=UTC), "2026-11-24T03:00:00Z"),
    (
        datetime(2026, 11, 24, 3, 0, 0, 5000, timezone(timedelta(hours=1))),
        "2026-11-24T03:00:00.005000+01:00",
    ),
    (date(2026, 11, 24), "2026-11-24"),
    (time(3, 0), "03:00:00"),
    (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (Colour.RED, "red"),
    (Level.HIGH, "3"),
    (Word.YES, "oui"),
    (NULL, ""),
]


@pytest.mark.parametrize(("value", "wire_text"), SCALARS)
def test_scalars_are_spelt_alike_everywhere(value: object, wire_text: str) -> None:
    assert parse_qsl(query({"x": value}), keep_blank_values=True) == [("x", wire_text)]
    assert parse_qsl(form({"x": value}).decode(), keep_blank_values=True) == [("x", wire_text)]
    if wire_text:
        assert unquote(expand_path("/{x}", {"x": value})) == f"/{wire_text}"


class Thing:
    """Its repr would say where it lives."""


REJECTED: list[object] = [
    b"bytes",
    Secret("hunter2-hunter2"),
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("1e999999"),
    datetime(2026, 11, 24, 3),  # noqa: DTZ001 - naive on purpose
    timedelta(seconds=3),
    Thing(),
    {1, 2},
    object,
    "\ud800",
]


@pytest.mark.parametrize("value", REJECTED, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("kind", ["json", "merge-patch", "form", "multipart"])
def test_what_would_be_a_guess_is_refused_with_its_place(value: object, kind: Any) -> None:
    if kind == "multipart" and isinstance(value, bytes):
        return
    for body in ({"outer": {"inner": value}}, {"outer": [value]}):
        with pytest.raises(InvalidArgument) as caught:
            encode_body(kind, body)
        message = str(caught.value)
        assert "outer" in message or "body" in message
        assert "hunter2" not in message
        assert "object at 0x" not in message


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    for kind in ("json", "form"):
        with pytest.raises(InvalidArgument, match="nested"):
            encode_body(kind, {"a": loop})
    with pytest.raises(InvalidArgument, match="nested"):
        query({"a": loop}, {"a": "deepObject"})


LIST, OBJECT = ["blue", "a,b"], {"R": 100, "G": "x&y"}
STYLES: list[tuple[str | None, object, str]] = [
    (None, LIST, "c=blue&c=a%2Cb"),
    (None, OBJECT, "R=100&G=x%26y"),
    ("form-explode", LIST, "c=blue&c=a%2Cb"),
    ("form", LIST, "c=blue,a%2Cb"),
    ("form", OBJECT, "c=R,100,G,x%26y"),
    ("spaceDelimited", LIST, "c=blue%20a%2Cb"),
    ("pipeDelimited", LIST, "c=blue%7Ca%2Cb"),
    ("deepObject", OBJECT, "c[R]=100&c[G]=x%26y"),
    ("deepObject", LIST, "c[0]=blue&c[1]=a%2Cb"),
    ("deepObject", {"a": [{"b": {"c": 1}}]}, "c[a][0][b][c]=1"),
    ("brackets", LIST, "c[]=blue&c[]=a%2Cb"),
    ("brackets", [{"a": 1}, {"a": 2}], "c[][a]=1&c[][a]=2"),
    ("form", [], ""),
    ("deepObject", [], ""),
    ("deepObject", {"a": None, "b": NULL}, "c[b]="),
]


@pytest.mark.parametrize(("style", "value", "wire_text"), STYLES)
def test_styles_of_a_query(style: str | None, value: object, wire_text: str) -> None:
    """OpenAPI 3.1, "Style Examples"; as there, brackets are escaped on the wire."""
    escaped = wire_text.replace("[", "%5B").replace("]", "%5D")
    assert query({"c": value}, {"c": style} if style else {}) == escaped


def test_a_form_nests_objects_by_itself() -> None:
    body = {"amount": 2000, "metadata": {"order_id": "6735"}, "types": ["card", "link"]}
    assert form(body) == b"amount=2000&metadata[order_id]=6735&types=card&types=link"
    assert form({"items": [{"price": "p"}]}) == b"items[0][price]=p"


def test_none_is_not_sent_and_null_is() -> None:
    values = {"a": None, "b": NULL, "c": {"d": None, "e": NULL}}
    assert query({"a": None, "b": NULL}) == "b="
    assert form(values) == b"b=&c[e]="
    assert encode_body("json", [None, NULL, 1]).content == b"[null,null,1]"


@pytest.mark.parametrize("kind", ["json", "merge-patch"])
def test_only_an_argument_that_is_none_is_left_out(kind: Any) -> None:
    values = {"a": None, "b": NULL, "c": {"d": None, "e": NULL, "f": [{"g": None}]}}
    inner = b'"c":{"d":null,"e":null,"f":[{"g":null}]}'
    assert encode_body(kind, values).content == b'{"b":null,' + inner + b"}"
    assert encode_body(kind, values, nulls=True).content == b'{"a":null,"b":null,' + inner + b"}"
    patch = [{"op": "replace", "path": "/a", "value": None}]
    content = encode_body(kind, patch).content
    assert isinstance(content, bytes)
    assert json.loads(content) == patch


def test_json_keeps_the_digits_of_a_decimal() -> None:
    body = {"d": Decimal("12.50"), "f": 0.1, "n": 10**20, "t": True, "e": Word.YES}
    wire_text = encode_body("json", body)
    assert wire_text.content == b'{"d":12.50,"f":0.1,"n":100000000000000000000,"t":true,"e":"oui"}'
    assert wire_text.content_type == "application/json"


class Price(Model):
    amount: Decimal
    kind: str = field(name="type")
    note: str | None = None


def test_models_are_sent_by_their_wire_names() -> None:
    price = Price(amount=Decimal("1.50"), kind="once")
    assert (
        encode_body("json", {"price": price}).content == b'{"price":{"amount":1.50,"type":"once"}}'
    )
    assert form({"price": price}) == b"price[amount]=1.50&price[type]=once"


class Dog(Model, tag_field="kind", tag="dog"):
    name: str | msgspec.UnsetType = msgspec.UNSET


def test_tags_are_sent_and_what_is_unset_is_not() -> None:
    assert encode_body("json", [Dog(name="Rex"), Dog()]).content == (
        b'[{"kind":"dog","name":"Rex"},{"kind":"dog"}]'
    )


def test_unknown_styles_and_nesting_without_a_style_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="no style 'matrix'"):
        query({"a": [1]}, {"a": "matrix"})
    with pytest.raises(InvalidArgument, match="deepObject"):
        query({"a": {"b": {"c": 1}}})
    with pytest.raises(InvalidArgument, match="bracket"):
        form({"metadata": {"a][b": 1}})
    with pytest.raises(InvalidArgument, match="named"):
        encode_body("form", [1, 2])


PATHS: list[tuple[str | None, object, str]] = [
    (None, "a/b c?d#e%", "a%2Fb%20c%3Fd%23e%25"),
    (None, ["a", "b/c"], "a,b%2Fc"),
    (None, {"R": 1}, "R,1"),
    ("simple-explode", {"R": 1, "G": 2}, "R=1,G=2"),
    ("label", "blue", ".blue"),
    ("label", ["a", "b"], ".a,b"),
    ("label-explode", ["a", "b"], ".a.b"),
    ("label-explode", {"R": 1, "G": 2}, ".R=1.G=2"),
    ("matrix", "blue", ";x=blue"),
    ("matrix", ["a", "b"], ";x=a,b"),
    ("matrix-explode", ["a", "b"], ";x=a;x=b"),
    ("matrix", {"R": 1, "G": 2}, ";x=R,1,G,2"),
    ("matrix-explode", {"R": 1, "G": 2}, ";R=1;G=2"),
    ("reserved", "docs/read me.md", "docs/read%20me.md"),
    ("form", ["a", "b"], "a,b"),  # of a query parameter that is called x too
]


@pytest.mark.parametrize(("style", "value", "wire_text"), PATHS)
def test_styles_of_a_path(style: str | None, value: object, wire_text: str) -> None:
    """RFC 6570, 3.2.2 to 3.2.7."""
    assert (
        expand_path("/v/{x}/y", {"x": value}, {"x": style} if style else {}) == f"/v/{wire_text}/y"
    )


@pytest.mark.parametrize(
    ("value", "style", "reason"),
    [
        (None, "simple", "missing"),
        ("", "simple", "empty"),
        ([], "simple", "empty"),
        ([""], "simple", "empty"),
        (".", "simple", "segment"),
        ("..", "simple", "segment"),
        ("a/../b", "reserved", "segment"),
        ("a", "formal", "no style"),
    ],
)
def test_a_path_never_addresses_something_else(value: object, style: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        expand_path("/v1/{x}/y", {"x": value}, {"x": style})


def test_parameters_of_a_path_are_neither_missing_nor_unknown() -> None:
    with pytest.raises(InvalidArgument, match="'b' is missing"):
        expand_path("/{a}/{b}", {"a": 1})
    with pytest.raises(InvalidArgument, match="no parameter 'c'"):
        expand_path("/{a}", {"a": 1, "c": 2})


@given(st.text(min_size=1).filter(lambda x: x not in (".", "..")))
def test_a_path_parameter_stays_in_its_segment(value: str) -> None:
    try:
        path = expand_path("/a/{x}/b", {"x": value})
    except InvalidArgument:
        assert any("\ud800" <= char <= "\udfff" for char in value)
        return
    assert path.count("/") == 3
    assert path.isascii()
    assert not set(path) & set("?# \r\n")
    assert unquote(path.split("/")[2]) == value


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = TEXTS.filter(lambda name: not set(name) & set("[]"))
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.dates() | st.uuids() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def pairs_of(name: str, value: Any) -> list[tuple[str, str]]:
    """What a deepObject reader finds, worked out the slow way."""
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in pairs_of(f"{name}[{key}]", item)]
    if isinstance(value, list):
        return [p for at, item in enumerate(value) for p in pairs_of(f"{name}[{at}]", item)]
    if value is None:
        return []
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_form_is_read_back_as_it_was_given(values: dict[str, Any]) -> None:
    styles = dict.fromkeys(values, "deepObject")
    expected = [pair for name, value in values.items() for pair in pairs_of(name, value)]
    for wire_text in (form(values, styles).decode(), query(values, styles)):
        assert parse_qsl(wire_text, keep_blank_values=True) == expected
        assert wire_text.isascii()
        assert not set(wire_text) & set(" \r\n\"'<>#{}()")


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_json_is_read_back_as_it_was_given(values: dict[str, Any]) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value if isinstance(value, str | int | None) else str(value)

    sent = {key: value for key, value in values.items() if value is not None}
    for nulls, expected in ((False, sent), (True, values)):
        content = encode_body("json", values, nulls=nulls).content
        assert isinstance(content, bytes)
        assert json.loads(content) == plain(expected)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\x7f", "é", "\u2028"])
def test_a_header_cannot_become_two(break_: str) -> None:
    for name, value in (("X-A", f"a{break_}Set-Cookie: b"), (f"X{break_}", "a")):
        with pytest.raises(InvalidArgument) as caught:
            header(name, value)
        assert "Set-Cookie" not in str(caught.value)


def test_headers_are_written_like_everything_else() -> None:
    assert headers({"A": None, "B": True, "C": ["x", 2], "D": " d\t", "E": {"R": 1}}) == {
        "B": "true",
        "C": "x,2",
        "D": "d",
        "E": "R,1",
    }
    for name in ("", "a b", "a:b", "é"):
        with pytest.raises(InvalidArgument):
            header(name, "x")


def parts_of(body: bytes, kind: str) -> list[tuple[dict[str, str], bytes]]:
    boundary = kind.split("boundary=")[1].encode()
    found = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part[2:-2].partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        found.append((fields, content))
    return found


def test_multipart_fields_and_files(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF")
    body = encode_body(
        "multipart",
        {
            "purpose": "dispute_evidence",
            "file": File(path, content_type="application/pdf"),
            "tags": ["a", "b"],
            "meta": {"n": 1},
            "none": None,
            "raw": b"\0\1",
            'na"me\r\n': File(b"x", filename='é"\r\n.txt'),
        },
    )
    assert isinstance(body.content, bytes)
    assert body.replayable
    shown = [
        (head["Content-Disposition"], head.get("Content-Type"), content)
        for head, content in parts_of(body.content, body.content_type)
    ]
    octets = "application/octet-stream"
    assert shown == [
        ('form-data; name="purpose"', None, b"dispute_evidence"),
        ('form-data; name="file"; filename="report.pdf"', "application/pdf", b"%PDF"),
        ('form-data; name="tags"', None, b"a"),
        ('form-data; name="tags"', None, b"b"),
        ('form-data; name="meta"', "application/json", b'{"n":1}'),
        ('form-data; name="raw"; filename="raw"', octets, b"\0\1"),
        ('form-data; name="na%22me%0D%0A"; filename="é%22%0D%0A.txt"', octets, b"x"),
    ]


def collected(whole: BodySource) -> bytes:
    async def gather() -> bytes:
        return b"".join([chunk async for chunk in whole])

    return asyncio.run(gather())


def test_a_large_file_is_streamed_by_both_drivers_and_can_be_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"0123456789" * 200_000)
    body = encode_body("multipart", {"file": File(path)})
    assert isinstance(body.content, BodySource)
    first = b"".join(body.content)
    assert (len(first), body.replayable) == (body.length, True)
    assert b"".join(body.content) == first
    assert collected(body.content) == first


def test_an_open_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"skip this, send that")
    file.seek(11)
    body = encode_body("bytes", file)
    assert (body.length, body.replayable) == (9, True)
    assert isinstance(body.content, BodySource)
    assert b"".join(body.content) == b"send that"
    assert collected(body.content) == b"send that"


def test_iterators_are_sent_once() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        yield b"b"

    async def awaited() -> AsyncIterator[bytes]:
        yield b"c"

    once = encode_body("bytes", chunks())
    assert (once.length, once.replayable) == (None, False)
    assert isinstance(once.content, BodySource)
    assert b"".join(once.content) == b"ab"
    again = encode_body("bytes", [b"a", b"b"])
    assert isinstance(again.content, BodySource)
    assert (again.replayable, collected(again.content), b"".join(again.content)) == (
        True,
        b"ab",
        b"ab",
    )
    later = encode_body("multipart", {"file": File(awaited())})
    assert isinstance(later.content, BodySource)
    assert b"\r\n\r\nc\r\n" in collected(later.content)
    with pytest.raises(InvalidArgument, match="synchronous"):
        b"".join(later.content)


def test_bodies_are_bounded() -> None:
    endless = bounded(source(b"x" * 10 for _ in range(10**9)), limit=1000)
    with pytest.raises(InvalidArgument, match="1000"):
        list(endless)
    with pytest.raises(InvalidArgument, match="1000"):
        collected(bounded(source(b"x" * 10 for _ in range(10**9)), limit=1000))
    with pytest.raises(InvalidArgument, match="1000"):
        bounded(source(b"x" * 1001), limit=1000)
    with pytest.raises(InvalidArgument, match="parts"):
        multipart({"a": list(range(2000))})


@pytest.mark.parametrize("value", [None, "text", {"a": 1}])
def test_bytes_are_bytes(value: object) -> None:
    with pytest.raises(InvalidArgument, match="give bytes"):
        encode_body("bytes", value)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="No such file"):
        encode_body("bytes", tmp_path / "nowhere")


def test_text_and_bytes() -> None:
    assert encode_body("text", "é").content == "é".encode()
    assert encode_body("text", "é").content_type == "text/plain; charset=utf-8"
    assert encode_body("bytes", b"\0").content == b"\0"


def test_a_whole_request() -> None:
    create = Operation(
        "create",
        "POST",
        "/v1/{account}/items",
        returns=None,
        body="form",
        styles={"types": "brackets", "expand": "brackets"},
    )
    encoded = encode(
        create,
        {"account": "a b"},
        {"expand": ["x"], "none": None},
        {"X-Tag": 1},
        {"types": ["card"], "none": None},
    )
    assert encoded.path_and_query == "/v1/a%20b/items?expand%5B%5D=x"
    assert encoded.headers == {"X-Tag": "1", "Content-Type": "application/x-www-form-urlencoded"}
    assert encoded.content == b"types[]=card"
    bare = encode(create, {"account": 1}, {"none": None}, None, None)
    assert (bare.path_and_query, bare.headers, bare.content) == ("/v1/1/items", {}, b"")
