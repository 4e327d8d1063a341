"""XML as data: elements become objects, repeated elements lists, leaves strings."""

from __future__ import annotations

from base64 import encodebytes
from binascii import Error, a2b_base64
from html import escape
from typing import TYPE_CHECKING, Any, cast

from noctule.json_types import is_object
from noctule.webhooks.errors import Reason, Rejection

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 64


def parse_xml64(text: str) -> dict[str, Any]:
    """The content of the root, from base64 in lines. Raises Rejection, also for any DTD."""
    from xml.etree.ElementTree import ParseError, XMLParser  # only one provider needs it

    try:
        raw = a2b_base64(text.replace("\n", "").encode("ascii"), strict_mode=True)
    except (Error, ValueError):
        raise Rejection(Reason.UNPARSEABLE, "base64") from None
    if b"<!" in raw:
        raise Rejection(Reason.UNPARSEABLE, "xml")
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - as above
    try:
        parser.feed(raw)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError):
        raise Rejection(Reason.UNPARSEABLE, "xml") from None
    data = _data(root, 0)
    return data if is_object(data) else {root.tag: data}


def _data(element: Element, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Rejection(Reason.UNPARSEABLE, "xml")
    if len(element) == 0:
        return element.text or ""
    data: dict[str, Any] = {}
    for child in element:
        value = _data(child, depth + 1)
        tag = child.tag.replace("-", "_")
        if tag not in data:
            data[tag] = value
        elif isinstance(data[tag], list):
            data[tag].append(value)
        else:
            data[tag] = [data[tag], value]
    return data


def xml64_of(data: dict[str, Any]) -> str:
    """The inverse: base64 of XML, from an object of strings and objects."""
    return encodebytes(f"<notification>{_xml(data)}</notification>".encode()).decode()


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in pairs)
    return escape(str(value), quote=False)
