"""What openapi-core (PyPI) says of exchanges: reads their lines, writes one verdict for each.

    python openapi_core_judge.py DOCUMENT LINES VERDICTS

Nothing of noctule is imported: the document, the request and the answer are read by openapi-core,
and by the werkzeug that it comes with.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import qs_codec
from openapi_core import Config, OpenAPI
from openapi_core.casting.schemas import (
    oas30_write_schema_casters_factory,
    oas31_schema_casters_factory,
)
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.media_types.util import json_loads
from openapi_core.deserializing.styles import StyleDeserializersFactory, style_deserializers
from openapi_core.templating.paths.finders import APICallPathFinder
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.http import parse_cookie


class Request:
    """One recorded request, as openapi-core's protocol has it."""

    def __init__(self, line: dict[str, Any]) -> None:
        parts = urlsplit(line["url"])
        headers = Headers(line["headers"])
        self.host_url = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path
        self.method = line["method"].lower()
        self.body = b64decode(line["body"])
        self.content_type = headers.get("content-type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(parts.query, keep_blank_values=True)),
            header=headers,
            cookie=ImmutableMultiDict(parse_cookie(headers.get("cookie"))),
        )


class Response:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.headers = Headers(answer["headers"])
        self.status_code = answer["status"]
        self.data = b64decode(answer["body"])
        self.content_type = self.headers.get("content-type", "")


def deep_object(explode: bool, name: str, schema_type: str, location: Any) -> Any:
    """The style "deepObject" for lists and nested objects, which OpenAPI leaves open and
    openapi-core does not read: as npm's qs reads brackets."""
    pairs = [(key, value) for key, value in location.items(multi=True)
             if key == name or key.startswith(f"{name}[")]  # fmt: skip
    if not pairs:
        raise KeyError(name)
    text = "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)
    return qs_codec.decode(text, DEEP)[name]


UNKNOWN_HOST = "https://unknown.example"
"""Where calls go whose document says no host."""
DEEP = qs_codec.DecodeOptions(depth=50, list_limit=1000)


class DecodedPaths(APICallPathFinder):
    """The variables of a path, without the percent signs of the URL."""

    def find(self, method: str, name: str) -> Any:
        found = super().find(method, name)
        variables = found.path_result.variables or {}
        found.path_result.variables = {key: unquote(value) for key, value in variables.items()}
        return found


def with_schemes(node: Any) -> Any:
    """The document with `https:` before servers that name only a host, which openapi-core does not
    resolve."""
    if isinstance(node, dict):
        return {key: with_schemes(item) for key, item in node.items()}
    if isinstance(node, list):
        return [with_schemes(item) for item in node]
    return f"https:{node}" if isinstance(node, str) and SCHEMELESS.match(node) else node


def json_types(node: Any) -> set[str]:
    """Media types of the document that are JSON by their suffix (RFC 6839)."""
    if isinstance(node, list):
        return set().union(*map(json_types, node))
    if not isinstance(node, dict):
        return set()
    types = {name for name in node if MEDIA_TYPE.fullmatch(name)}
    return types.union(*map(json_types, node.values()))


MEDIA_TYPE = re.compile(r"[a-z]+/[\w.+-]+\+json")
SCHEMELESS = re.compile(r"//[a-z0-9.-]+(/|$)")
NO_CONTENT = (204, 205, 304)
"""Statuses of answers that have no body (RFC 9110), whatever the document says."""


def complaints(judge: Any, *exchange: Any) -> list[str]:
    try:
        judge(*exchange)
    except Exception as error:
        return [told(one) for one in (getattr(error, "errors", None) or [error])]
    return []


def told(error: BaseException) -> str:
    """The error in one line, and what led to it."""
    cause = error.__cause__
    inner = getattr(cause, "schema_errors", None)
    if inner:
        texts = [f"{one.json_path}: {one.message}"[-300:] for one in inner]
        return " ".join(f"{type(error).__name__}: {' | '.join(texts)}".split())
    text = f"{type(error).__name__}: {error}"[-400:]
    return " ".join((f"{text} | {type(cause).__name__}: {cause}" if cause else text).split())


def main(document: str, lines: str, verdicts: str) -> None:
    warnings.simplefilter("ignore")
    written = json.loads(Path(document).read_text())
    casters = (oas30_write_schema_casters_factory if written["openapi"].startswith("3.0")
               else oas31_schema_casters_factory)  # fmt: skip
    styles = StyleDeserializersFactory(casters, {**style_deserializers, "deepObject": deep_object})
    config = Config(
        spec_validator_cls=None,
        style_deserializers_factory=styles,
        server_base_url=UNKNOWN_HOST,
        path_finder_cls=DecodedPaths,
        extra_media_type_deserializers=dict.fromkeys(json_types(written), json_loads),
    )
    api = OpenAPI.from_dict(with_schemes(written), config=config)
    with Path(verdicts).open("w") as out:
        for text in Path(lines).read_text().splitlines():
            line = json.loads(text)
            verdict: dict[str, list[str]] = {"request": [], "answer": []}
            if "url" in line:
                request = Request(line)
                verdict["request"] = complaints(api.validate_request, request)
                answer = Response(line["answer"])
                if answer.status_code not in NO_CONTENT and request.method != "head":
                    verdict["answer"] = complaints(api.validate_response, request, answer)
            out.write(json.dumps(verdict) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
