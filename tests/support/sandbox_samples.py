"""A small API document of our own, and a client that talks to its fake over a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx2

from noctule import apidoc
from noctule.sandbox import FakeProvider
from noctule.sandbox.checks.judge import RequestJudge
from noctule.sandbox.checks.routing import Router
from noctule.sandbox.stated.document import StatedDocument

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from noctule.apidoc import ApiDocument
    from noctule.sandbox.http.connection import IncomingRequest

    Scene = Callable[[FakeProvider, httpx2.AsyncClient], Awaitable[None]]

PARCEL: dict[str, Any] = {
    "type": "object",
    "required": ["id", "weight", "status"],
    "properties": {
        "id": {"type": "string"},
        "weight": {"type": "integer", "minimum": 1, "maximum": 100},
        "status": {"type": "string", "enum": ["new", "sent"]},
        "note": {"type": ["string", "null"]},
    },
}
CHANGES = {
    "type": "object",
    "properties": {name: PARCEL["properties"][name] for name in ("weight", "status", "note")},
}
NEW = {**CHANGES, "required": ["weight"]}
ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
}
PAGE = {
    "type": "object",
    "required": ["data", "has_more"],
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Parcel"}},
        "has_more": {"type": "boolean"},
    },
}
LINK = {
    "type": "object",
    "required": ["id", "link"],
    "properties": {
        "id": {"type": "string"},
        "link": {"type": "string"},
        "expires": {"type": "integer"},
    },
}


def operation(answer: Any = None, *, body: Any = None, parameters: Any = (), **more: Any) -> Any:
    """An operation that answers `answer`, or 204, and fails as all of this API does."""
    good: Any = {"204": {"description": "Done."}}
    if answer is not None:
        good = {"200": {"description": "Good.", "content": media(answer)}}
    bad = {"default": {"description": "Bad.", "content": media(ERROR)}}
    written: Any = {"responses": {**good, **bad}, "parameters": list(parameters), **more}
    if body is not None:
        written["requestBody"] = {"required": True, "content": media(body)}
    return written


def media(schema: Any) -> Any:
    return {"application/json": {"schema": schema}}


def parameter(name: str, where: str, *, required: bool = False, kind: str = "string") -> Any:
    return {"name": name, "in": where, "required": required, "schema": {"type": kind}}


THE_PARCEL = {"$ref": "#/components/schemas/Parcel"}
ID = parameter("id", "path", required=True)
KEY = parameter("Idempotency-Key", "header")
PATHS: Any = {
    "/parcels": {
        "get": operation(PAGE, parameters=[parameter("limit", "query", kind="integer")]),
        "post": operation(THE_PARCEL, body=NEW, parameters=[KEY]),
        "delete": operation(),
    },
    "/parcels/{id}": {
        "get": operation(THE_PARCEL, parameters=[ID]),
        "patch": operation(THE_PARCEL, body=CHANGES, parameters=[ID]),
        "put": operation(THE_PARCEL, body=NEW, parameters=[ID]),
        "delete": operation(parameters=[ID]),
    },
    "/parcels/{id}/send": {"post": operation(THE_PARCEL, parameters=[ID])},
    "/search": {"get": operation(PAGE, parameters=[parameter("q", "query", required=True)])},
    "/links/{id}#open": {
        "put": operation(LINK, body={"type": "object"}, parameters=[ID], operationId="open_link")
    },
    "/links/{id}#close": {"put": operation(parameters=[ID], operationId="close_link")},
}
TOKEN_URL = "https://api.parcels.example/oauth/token"
SCHEMES: Any = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "api_key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": {}}},
    },
}


def document(paths: Any = None, *, schemes: Any = None, security: Any = ()) -> ApiDocument:
    """The parcels' API, or other paths on the same server."""
    written = {
        "openapi": "3.1.0",
        "info": {"title": "Parcels", "version": "1"},
        "servers": [{"url": "https://api.parcels.example/v1"}],
        "paths": PATHS if paths is None else paths,
        "components": {"schemas": {"Parcel": PARCEL}, "securitySchemes": schemes or {}},
        "security": list(security),
    }
    return apidoc.parse(json.dumps(written).encode(), source="parcels.json")


PARCELS = document()


def play(scene: Scene, api: ApiDocument = PARCELS, **options: Any) -> None:
    """Run `scene` with a fake of `api` and a client of it."""

    async def played() -> None:
        async with (
            FakeProvider(api, **options) as fake,
            httpx2.AsyncClient(base_url=fake.base_url, timeout=20.0) as client,
        ):
            await scene(fake, client)

    asyncio.run(played())


class _NoGrants:
    def scopes(self, token: str) -> None:
        return None


def findings(api: ApiDocument, request: IncomingRequest) -> list[str]:
    """What the fake provider has against a request."""
    judge = RequestJudge(StatedDocument(api), None, _NoGrants())
    prefixes = judge.addresses.prefixes(request)
    path = request.target.partition("?")[0]
    match = Router(api).match(request.method, path, prefixes)
    assert match is not None
    return [finding.text("en") for finding in judge.judge(match, request)[1]]


async def said(fake: FakeProvider, data: bytes, *, limit: float = 20.0) -> bytes:
    """All that the fake answers to these bytes, until it closes."""
    host, port = fake.origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), limit)
    finally:
        writer.close()


def get(path: str = "/v1/parcels") -> bytes:
    """A GET that asks for the connection to be closed after the answer."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode()
