"""The arguments of a call, as the parts of one HTTP request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from noctule.runtime.encoding.body import encode_body
from noctule.runtime.encoding.headers import headers as encode_headers
from noctule.runtime.encoding.path import expand_path
from noctule.runtime.encoding.query import query as encode_query
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from noctule.runtime.encoding.upload import BodySource
    from noctule.runtime.operation import Operation


class Encoded(msgspec.Struct, frozen=True):
    """A request without its origin. Its repr shows nothing of it."""

    path_and_query: str
    headers: dict[str, str]
    """The caller's headers, and those that describe the body."""
    content: bytes | BodySource
    replayable: bool = True
    """Whether `content` can be sent a second time."""

    def __repr__(self) -> str:
        return "<Encoded>"


def encode(
    operation: Operation[Any],
    path: Mapping[str, object] | None,
    query: Mapping[str, object] | None,
    headers: Mapping[str, object] | None,
    body: object,
) -> Encoded:
    """Encode the arguments of a call; raises `InvalidArgument`."""
    target = expand_path(operation.path, path, operation.styles)
    if query and (query_string := encode_query(query, operation.styles)):
        target = f"{target}{'&' if '?' in target else '?'}{query_string}"
    all_headers = encode_headers(headers, operation.styles) if headers else {}
    if body is None:
        return Encoded(target, all_headers, b"")
    if operation.body is None:
        raise InvalidArgument(
            'body: the operation is declared without one; declare it with body="json" or another'
            " kind, or leave the argument out"
        )
    if operation.optional_body and _gives_nothing(body):
        return Encoded(target, all_headers, b"")
    encoded = encode_body(
        operation.body,
        body,
        operation.styles,
        parts=operation.parts,
        nulls=operation.nulls,
        sequence=operation.content_type.endswith("json-seq"),
    )
    all_headers["Content-Type"] = operation.content_type or encoded.content_type
    return Encoded(target, all_headers, encoded.content, encoded.replayable)


def _gives_nothing(body: object) -> bool:
    """Whether no member of the body is given."""
    if not isinstance(body, Mapping):
        return False
    return all(value is None for value in cast("Mapping[object, object]", body).values())
