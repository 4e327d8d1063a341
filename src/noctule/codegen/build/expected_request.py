"""The request that a method must send when it is called with its examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from noctule.codegen.model.integration import Method, Param, Scalar, Wrapper
from noctule.runtime.encoding import FormPart, encode
from noctule.runtime.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_OPTIONAL = 60


@dataclass(frozen=True)
class Expected:
    """A request; `form` and `json` are None where the body is something else. A name may occur
    several times in the query and the form."""

    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    form: list[tuple[str, str]] | None
    json: Any
    content: bytes


def used(method: Method) -> list[Param]:
    """The parameters of the example call: all required ones, and optional ones that are plain or
    the whole body."""
    optional = [param for param in method.params if not param.required and _telling(param)]
    names = {param.name for param in optional[:MOST_OPTIONAL]}
    return [param for param in method.params if param.required or param.name in names]


def expected(wrapper: Wrapper, method: Method, fixed: Mapping[str, str]) -> Expected:
    """The request of the example call; `fixed` gives the value of each environment variable."""
    places: dict[str, dict[str, Any]] = {
        "path": {},
        "query": {},
        "header": {},
        "cookie": {},
        "body": {},
    }
    whole: Any = None
    given = used(method)
    for param in given:
        if param.role == "named":
            places[param.place][param.wire] = _with_headers(method, param, given)
        elif param.role == "extra":
            places["body"] |= _value(param)
        elif param.role == "whole":
            whole = _value(param)
    for place, wire, name in method.fixed:
        places[place][wire] = fixed[name]
    if places["cookie"]:
        places["header"]["Cookie"] = places["cookie"]
    operation = Operation(
        method.name,
        method.verb,
        method.path,
        returns=None,
        body=method.body,
        styles=cast("Any", method.styles),
        parts=method.parts,
        content_type=method.content_type,
        optional_body=method.optional_body,
    )
    has_members = method.body and all(param.role != "whole" for param in method.params)
    body = places["body"] if has_members else whole
    encoded = encode(operation, places["path"], places["query"], places["header"], body)
    base_url = "" if method.server else wrapper.base_url or wrapper.base_path
    server = wrapper.servers.get(method.server)
    path, _, query = encoded.path_and_query.partition("?")
    content = encoded.content if isinstance(encoded.content, bytes) else b""
    is_json = method.body in ("json", "merge-patch") and content
    return Expected(
        path=urlsplit(wrapper.example_url(server or base_url).rstrip("/")).path + path,
        query=_pairs(query),
        headers={
            name: encoded.headers[name] for name in places["header"] if name in encoded.headers
        },
        form=_pairs(content.decode()) if method.body == "form" else None,
        json=msgspec.json.decode(content) if is_json else None,
        content=content,
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _value(param: Param) -> Any:
    binary = isinstance(param.type, Scalar) and param.type.kind in ("bytes", "file")
    return str(param.example).encode() if binary else param.example


def _with_headers(method: Method, param: Param, given: list[Param]) -> Any:
    values = {
        name: value if isinstance(value, str) else value.example
        for name, value in method.headers_of(param).items()
        if isinstance(value, str) or value in given
    }
    return FormPart(_value(param), values) if values else _value(param)


def _telling(param: Param) -> bool:
    return param.type != Scalar("json") or param.role == "whole"
