"""What sets two requests apart, in words; what no word covers is a fault."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.oracles.calls import Sent

REASONS = {
    "version": "the SDK speaks another version of the API than the document",
    "path slashes": "the SDK leaves a slash of a path parameter as it is, which names another "
    "resource; we write `%2F`",
    "path escapes": "the SDK leaves a character of a path parameter as it is that we escape, "
    "such as `:` or `@`: both may stand in a path",
    "path space": "the SDK writes a space of the path `+`, which says plus; we `%20`",
    "path end": "one ends the path with a slash, the document (then ours) or the SDK",
    "query booleans": "the SDK writes `True`, as Python does; we `true`, as the document does",
    "query lists": "the SDK joins a list with commas, the document repeats its name",
    "query defaults": "the SDK adds a parameter that the document does not name",
    "query order": "the same pairs in another order",
    "query space": "the SDK writes a space of the query `+`, we `%20`",
    "query escapes": "one escapes a character of the query that the other leaves",
    "form order": "the same fields in another order",
    "form escapes": "one escapes a character of the form that the other leaves",
    "json spelling": "the SDK's JSON has spaces or `\\u` escapes, ours neither",
    "json order": "the same JSON members in another order",
    "json nulls": "the SDK says null or an empty list where we say nothing",
    "part order": "the same parts of a multipart body in another order",
    "part headers": "the SDK describes a part with more or fewer headers",
    "accept": "Accept: the SDK asks for more, or for anything; we for what the document answers",
    "key": "an idempotency key: one sends it by itself, the other only when told",
    "version header": "the SDK names another version of the API in a header, or only one names any",
    "auth scheme": "`token` and `Bearer` before the same credential",
    "empty body": "the SDK sends `{}` or `null` where the call has no body",
    "charset": "one says the charset of the body in Content-Type",
    "idle type": "the SDK says Content-Type without a body",
}

OF_HEADERS = frozenset({"accept", "key", "version header", "auth scheme", "charset", "idle type"})
"""Words that say nothing of the request's line and body."""
OF_SPELLING = frozenset(
    {"path escapes", "query order", "query space", "query escapes", "form order", "form escapes",
     "json spelling", "json order", "part order", "part headers"}
)  # fmt: skip
"""Words for two ways to write the same line and body."""


def differences(
    theirs: Sent, ours: Sent, renamed: tuple[str, str] = ("", ""), adds: str = ""
) -> set[str]:
    """Words of `REASONS`; anything else is a difference without an excuse. The last two are
    `Vendor`'s."""
    found = set[str]()
    if theirs.method != ours.method:
        found.add(f"method {theirs.method!r}, ours {ours.method!r}")
    found |= _path(theirs.path, ours.path, renamed)
    found |= _pairs("query", theirs.query, ours.query, adds)
    found |= _body(theirs, ours)
    return found | set(_headers(theirs, ours))


def _path(theirs: str, ours: str, renamed: tuple[str, str]) -> set[str]:
    found = set[str]()
    if renamed[0] and renamed[0] in theirs:
        theirs = theirs.replace(*renamed)
        found.add("version")
    if theirs != ours:
        slashes = theirs.count("/") > ours.count("/") and not theirs.endswith("/")
        excuses = {"path slashes" if slashes else "path escapes": theirs,
                   "path space": theirs.replace("+", "%20"),
                   "path end": theirs.rstrip("/")}  # fmt: skip
        meant = unquote(ours), unquote(ours.rstrip("/"))
        same = (word for word, path in excuses.items() if unquote(path) in meant)
        found.add(next(same, f"path {theirs!r}, ours {ours!r}"))
    return found


def _pairs(kind: str, theirs: str, ours: str, adds: str = "") -> set[str]:
    """Of a query or a form: `a=1&b=2`. Each word is tried where the pairs still differ."""
    found = set[str]()
    left, right = ([pair for pair in text.split("&") if pair] for text in (theirs, ours))
    for word, respelt in RESPELT:
        respell = respelt if word.startswith(("every ", kind)) else list
        if word == "query defaults":
            respell = partial(_without, adds)
        if sorted(left) != sorted(right):
            before = left, right
            left, right = respell(left), respell(right)
            if (left, right) != before:
                found.add(word.replace("every", kind))
    if sorted(left) != sorted(right):
        return {f"{kind} {theirs!r}, ours {ours!r}"}
    return found if left == right else found | {f"{kind} order"}


def _spaced(pairs: list[str]) -> list[str]:
    return [pair.replace("+", "%20") for pair in pairs]


def _lower_booleans(pairs: list[str]) -> list[str]:
    return [re.sub("=(True|False)$", lambda found: found[0].lower(), pair) for pair in pairs]


def _without(added: str, pairs: list[str]) -> list[str]:
    return [pair for pair in pairs if pair != added]


def _escaped_alike(pairs: list[str]) -> list[str]:
    return [quote(unquote_plus(pair), safe="=") for pair in pairs]


def _split(pairs: list[str]) -> list[str]:
    named = (pair.partition("=") for pair in pairs)
    return [f"{name}={item}" for name, _, items in named for item in items.split("%2C")]


RESPELT: list[tuple[str, Callable[[list[str]], list[str]]]] = [
    ("query defaults", list),
    ("query space", _spaced),
    ("query booleans", _lower_booleans),
    ("every escapes", _escaped_alike),
    ("query lists", _split),
]


def _body(theirs: Sent, ours: Sent) -> set[str]:
    if theirs.body == ours.body:
        return set()
    if not ours.body and theirs.body in (b"{}", b"null"):
        return {"empty body"}
    match ours.content_type:
        case kind if kind.endswith("json"):
            return _json(theirs.body, ours.body)
        case "application/x-www-form-urlencoded":
            return _pairs("form", theirs.body.decode(), ours.body.decode())
        case "multipart/form-data":
            return _parts(theirs.body, ours.body)
    return {f"body {theirs.body!r}, ours {ours.body!r}"}


def _json(theirs: bytes, ours: bytes) -> set[str]:
    left, right = json.loads(theirs or b"null"), json.loads(ours or b"null")
    found = set[str]()
    if left != right and _said(left) == _said(right):
        left, right = _said(left), _said(right)
        found.add("json nulls")
    if left != right:
        return {f"json {theirs!r}, ours {ours!r}"}
    if list(_keys(left)) != list(_keys(right)):
        found.add("json order")
    compact = json.dumps(json.loads(theirs or b"null"), separators=(",", ":"), ensure_ascii=False)
    return found if compact.encode() == theirs else found | {"json spelling"}


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _said(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, [], {})}
    return [_said(item) for item in value] if isinstance(value, list) else value


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _parts(theirs: bytes, ours: bytes) -> set[str]:
    left, right = ([_part(part) for part in whole.split(b"--boundary")] for whole in (theirs, ours))
    found = set[str]()
    if [name for name, *_ in left] != [name for name, *_ in right]:
        found.add("part order")
        left, right = sorted(left), sorted(right)
    if left != right:
        found.add("part headers")
    bodies = [[(name, body) for name, _, body in parts] for parts in (left, right)]
    return found if bodies[0] == bodies[1] else {f"parts {theirs!r}, ours {ours!r}"}


def _part(part: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Its disposition, its other headers and its content."""
    head, _, content = part.partition(b"\r\n\r\n")
    first, *others = sorted(head.strip().splitlines()) or [b""]
    return first, others, content


def _headers(theirs: Sent, ours: Sent) -> Iterator[str]:
    for name in sorted({*theirs.headers, *ours.headers}):
        left, right = theirs.headers.get(name, ""), ours.headers.get(name, "")
        drawn = name == "idempotency-key" and left and right
        if left != right and not drawn:
            yield _header(name, left, right, theirs, ours) or f"{name}: {left!r}, ours {right!r}"


def _header(name: str, left: str, right: str, theirs: Sent, ours: Sent) -> str:
    match name:
        case "accept":
            return "accept"
        case "content-type" if not ours.body:
            return "idle type"
        case "content-type" if theirs.content_type == ours.content_type:
            return "charset"
        case "idempotency-key":
            return "key"
        case "authorization" if left.removeprefix("token ") == right.removeprefix("Bearer "):
            return "auth scheme"
        case _ if name.endswith("version"):
            return "version header"
    return ""
