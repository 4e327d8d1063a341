"""The observations of a HAR 1.2 capture, as a browser or a proxy saves it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from noctule.apidoc.bounds import MAX_BYTES
from noctule.apidoc.importers.traffic import pairs, schemes_of
from noctule.json_types import as_dict, as_text, is_list
from noctule.probing.observation import Observation
from noctule.problem import Exit, Problem


def read(data: bytes, *, place: str) -> list[Observation]:
    """The observations in order; entries without an answer are left out.

    Raises `Problem` (exit 2) for a file that is no capture, or larger than a document may be.
    """
    if len(data) > MAX_BYTES:
        raise Problem("probing.too_large", exit=Exit.USAGE, place=place, limit=MAX_BYTES // 2**20)
    try:
        entries = as_dict(as_dict(json.loads(data)).get("log")).get("entries")
    except (ValueError, RecursionError):
        entries = None
    if not is_list(entries):
        raise Problem("probing.not_har", exit=Exit.USAGE, place=place)
    found = (_observation(as_dict(entry)) for entry in entries)
    return [observation for observation in found if observation is not None]


def _observation(entry: dict[str, Any]) -> Observation | None:
    request, response = as_dict(entry.get("request")), as_dict(entry.get("response"))
    status = response.get("status")
    try:
        url = urlsplit(as_text(request.get("url")))
    except ValueError:
        return None
    if not isinstance(status, int) or not 100 <= status < 600 or not url.netloc:
        return None
    headers = {name.lower(): value for name, value in pairs(response.get("headers"))}
    content = as_dict(response.get("content"))
    if media := as_text(content.get("mimeType")):
        headers.setdefault("content-type", media)
    return Observation(
        method=as_text(request.get("method")).upper(),
        path=url.path or "/",
        query=url.query,
        status=status,
        headers=headers,
        body=_body(content),
        schemes=schemes_of(pairs(request.get("headers")), parse_qsl(url.query)),
    )


def _body(content: dict[str, Any]) -> bytes:
    text = as_text(content.get("text"))
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
