"""How each kind of fault looks on the connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.sandbox.http.connection import ClientConnection, FakeResponse
    from noctule.sandbox.http.faults import Fault

GARBAGE = bytes(range(128, 256)) * 2
PAGE = b"<!doctype html><title>Maintenance</title><p>We will be back soon."


async def send_with_fault(
    connection: ClientConnection, fault: Fault, response: FakeResponse
) -> None:
    """Send `response` with `fault`. A fault in a field has changed the response already."""
    match fault.kind:
        case "reset" | "reset_on_accept":
            connection.reset()
        case "close":
            connection.finish()
        case "hang":
            await _hang(connection)
        case "stall":
            await connection.send(_cut(response))
            await _hang(connection)
        case "latency":
            await asyncio.sleep(fault.seconds)
            await connection.send(response.encoded())
        case "drip":
            await _drip(connection, response, fault.seconds)
        case "truncated":
            await _last(connection, _cut(response))
        case "garbage":
            await _last(connection, GARBAGE)
        case "garbage_body":
            chunked = replace(
                response, headers={**response.headers, "transfer-encoding": "chunked"}
            )
            await _last(connection, chunked.encoded(head_only=True) + GARBAGE)
        case "oversized_header":
            await _last(connection, _with(response, "x-flood", "x" * 262_144).encoded())
        case _:
            await connection.send(_other_response(fault, response).encoded())


def _other_response(fault: Fault, response: FakeResponse) -> FakeResponse:
    """Well-formed HTTP with other content."""
    match fault.kind:
        case "redirect_loop":
            return replace(response, status=302, headers={"location": "?again"}, body=b"")
        case "wrong_content_type":
            return replace(_with(response, "content-type", "text/html"), body=PAGE)
        case "invalid_json":
            cut = b'{"id": "1", "sta'
            return replace(_with(response, "content-type", "application/json"), body=cut)
        case "empty_body":
            return replace(response, body=b"")
        case _:
            return response


def _cut(response: FakeResponse) -> bytes:
    """The bytes without half of the body, or without the end of the head where there is no body."""
    data = response.encoded()
    return data[: len(data) - max(1, len(response.body) // 2)]


def _with(response: FakeResponse, name: str, value: str) -> FakeResponse:
    return replace(response, headers={**response.headers, name: value})


async def _last(connection: ClientConnection, data: bytes) -> None:
    await connection.send(data)
    connection.finish()


async def _hang(connection: ClientConnection) -> None:
    await connection.client_gone()
    connection.finish()


async def _drip(connection: ClientConnection, response: FakeResponse, seconds: float) -> None:
    """One byte at a time, until the client leaves."""
    gone = asyncio.ensure_future(connection.client_gone())
    for byte in response.encoded():
        await connection.send(bytes([byte]))
        await asyncio.wait([gone], timeout=seconds)
        if gone.done():
            break
    gone.cancel()
    connection.finish()
