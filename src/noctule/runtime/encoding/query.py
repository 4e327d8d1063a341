"""Queries and forms: names, values, and the styles of nested values.

The styles are those of OpenAPI 3.1 ("Style Values" and "Encoding Object"), and `brackets`
(`expand[]=a&expand[]=b`), which OpenAPI does not name and half of all providers use:

    form-explode    a=1&a=2          R=100&G=200      default; the spread of an object is
                                                      for queries, a form nests it (deepObject)
    form            a=1,2            a=R,100,G,200
    spaceDelimited  a=1%202
    pipeDelimited   a=1%7C2
    tabDelimited    a=1%092                           only in Swagger 2.0 (`tsv`)
    deepObject      a[0]=1&a[1]=2    a[R]=100&a[G]=200, to any depth
    brackets        a[]=1&a[]=2      a[R]=100
    reserved        a=b/c:d                           for one text: `allowReserved`
    json            a={"b":1}                         a document: `content` (its signs are escaped)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from noctule.runtime.encoding.values import as_json, is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}

RAW = "reserved"
RESERVED = ":/?@!$'()*,;"
"""Characters that a query may hold as they are (RFC 3986, 3.4); `&`, `=`, `+` and `#` would end the
value or change it."""

Escape = Callable[[bytes], str]
Pair = tuple[str, str]


def query(values: Mapping[str, object], styles: Mapping[str, str] | None = None) -> str:
    """The query of a URL, without the question mark; a space is `%20`. None is not sent.

    Brackets are `%5B` and `%5D`: RFC 3986 allows none in a query, and some servers refuse them.
    """
    encoded = _encoded(values, styles or {}, "form-explode", lambda data: quote(data, safe=""))
    return encoded.replace("[", "%5B").replace("]", "%5D")


def form(values: Mapping[str, object], styles: Mapping[str, str] | None = None) -> bytes:
    """An `application/x-www-form-urlencoded` body; a space is `+`. None is not sent."""
    return _encoded(values, styles or {}, "deepObject", quote_plus).encode()


def _encoded(
    values: Mapping[str, object], styles: Mapping[str, str], objects: str, escape: Escape
) -> str:
    try:
        return "&".join(
            f"{key}={value}"
            for name, argument in values.items()
            if argument is not None
            for key, value in _pairs(name, argument, styles.get(name), objects, escape)
        )
    except RecursionError:
        raise InvalidArgument("parameters nested too deeply, or one contains itself") from None


def _pairs(
    name: str, value: object, style: str | None, objects: str, escape: Escape
) -> Iterator[Pair]:
    if style == "json":
        return iter([(_name(name, escape), escape(as_json(value, name)))])
    if is_container(value):
        return _styled(name, value, style or _default(value, objects), escape)
    data = utf8(text(value, name), name)
    return iter([(_name(name, escape), quote(data, RESERVED) if style == RAW else escape(data))])


def _default(value: object, objects: str) -> str:
    """The style of a container by default: the items of a flat list repeat their name."""
    contents = members(value, "") if is_container(value) else []
    flat = isinstance(contents, list) and not any(map(is_container, contents))
    return "form-explode" if flat else objects


def _styled(name: str, value: object, style: str, escape: Escape) -> Iterator[Pair]:
    if style in ("deepObject", "brackets"):
        return _nested(_name(name, escape), value, style == "deepObject", escape, name)
    if style == "form-explode":
        return _exploded(name, value, escape)
    if style in DELIMITERS:
        return _joined(name, value, DELIMITERS[style], escape)
    raise InvalidArgument(f"{name}: a query or a form has no style {style!r}")


def _nested(key: str, value: object, indexed: bool, escape: Escape, where: str) -> Iterator[Pair]:
    """`key[a][0][b]=…`; without indexes the items of a list are `key[]`."""
    if value is None:
        return
    if not is_container(value):
        yield key, escape(utf8(text(value, where), where))
        return
    contents = members(value, where)
    if isinstance(contents, list):
        for index, item in enumerate(contents):
            inner = f"{key}[{index if indexed else ''}]"
            yield from _nested(inner, item, indexed, escape, f"{where}[{index}]")
        return
    for name, item in contents.items():
        if "[" in name or "]" in name:
            raise InvalidArgument(f"{where}: a nested name cannot contain a bracket")
        inner = f"{key}[{escape(utf8(name, where))}]"
        yield from _nested(inner, item, indexed, escape, f"{where}.{name}")


def _exploded(name: str, value: object, escape: Escape) -> Iterator[Pair]:
    for key, item in _flat(name, value):
        yield _name(key or name, escape), escape(utf8(item, name))


def _joined(name: str, value: object, delimiter: str, escape: Escape) -> Iterator[Pair]:
    parts = [part for pair in _flat(name, value) for part in pair if part is not None]
    if parts:
        yield _name(name, escape), delimiter.join(escape(utf8(part, name)) for part in parts)


def _flat(name: str, value: object) -> Iterator[tuple[str | None, str]]:
    """The items of a list, or the members of an object, that hold no container themselves."""
    contents = members(value, name) if is_container(value) else [value]
    if isinstance(contents, list):
        items: Iterable[tuple[str | None, object]] = ((None, item) for item in contents)
    else:
        items = contents.items()
    for key, item in items:
        if is_container(item):
            raise InvalidArgument(f"{name}: nested values need the style deepObject or brackets")
        if item is not None:
            yield key, text(item, name)


def _name(name: str, escape: Escape) -> str:
    """The wire name. Brackets of a form are not escaped, as in the SDKs."""
    return escape(utf8(name, "a name")).replace("%5B", "[").replace("%5D", "]")
