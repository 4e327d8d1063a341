"""The arguments of a call: from the document's examples and schemas, and from the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.apidoc import sample
from noctule.problem import Problem
from noctule.runtime.encoding import encode_body, expand_path, query
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiOperation, Media
    from noctule.runtime.operation import BodyKind

BODIES: Mapping[str, BodyKind] = {
    "application/x-www-form-urlencoded": "form",
    "application/merge-patch+json": "merge-patch",
}


@dataclass(frozen=True)
class SandboxCall:
    """A request without its origin and credentials."""

    operation: ApiOperation
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


def prepare(operation: ApiOperation, path: Mapping[str, str]) -> SandboxCall | None:
    """The call with these values in its path; required parameters and the body have samples. None
    where the call cannot be made: no value for the path, no value that fits a schema, no body that
    this can write."""
    wanted = {p.name for p in operation.parameters if p.where == "path"}
    media = _media(operation)
    if not wanted <= path.keys() or (media is None and operation.body and operation.body.required):
        return None
    styles = {p.name: p.encoding for p in operation.parameters if p.where == "query" and p.encoding}
    try:
        headers = {name: str(value) for name, value in _samples(operation, "header").items()}
        body, content_type = _body(media) if media else (b"", "")
        target = expand_path(operation.path, {name: path[name] for name in wanted})
        text = query(_samples(operation, "query"), styles)
    except (InvalidArgument, Problem):
        return None
    if content_type:
        headers["Content-Type"] = content_type
    return SandboxCall(operation, target, text, headers, body)


def _samples(operation: ApiOperation, where: str) -> dict[str, Any]:
    """Of the required parameters there."""
    return {
        p.name: sample(p.schema) for p in operation.parameters if p.where == where and p.required
    }


def _media(operation: ApiOperation) -> Media | None:
    """The media type whose body is sent: JSON, else a form."""
    if operation.body is None:
        return None
    kinds = [media for media in operation.body.media.values() if media.schema is not None]
    json = [media for media in kinds if media.is_json]
    forms = [media for media in kinds if media.essence in BODIES]
    return next(iter([*json, *forms]), None)


def _body(media: Media) -> tuple[bytes, str]:
    if media.schema is None:
        return b"", ""
    value: Any = sample(media.schema, request=True)
    encoded = encode_body(BODIES.get(media.essence, "json"), value, media.styles)
    content = encoded.content if isinstance(encoded.content, bytes) else b""
    return content, media.type if media.is_json and "*" not in media.type else encoded.content_type
