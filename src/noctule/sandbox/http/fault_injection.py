"""How each kind of fault shows on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.sandbox.http.connection import ClientConnection, FakeResponse
    from noctule.sandbox.http.faults import Fault

GARBAGE = bytes(range(128, 256)) * 2
PAGE = b"<!doctype html><title>Maintenance</title><p>We will be back soon."


async def send_with_fault(wire: ClientConnection, fault: Fault, reply: FakeResponse) -> None:
    """Send `reply` as `fault` would have it. A shape fault has changed the reply already."""
    match fault.kind:
        case "reset" | "reset_on_accept":
            wire.reset()
        case "close":
            wire.finish()
        case "hang":
            await _hang(wire)
        case "stall":
            await wire.send(_cut(reply))
            await _hang(wire)
        case "latency":
            await asyncio.sleep(fault.seconds)
            await wire.send(reply.encoded())
        case "drip":
            await _drip(wire, reply, fault.seconds)
        case "truncated":
            await _last(wire, _cut(reply))
        case "garbage":
            await _last(wire, GARBAGE)
        case "garbage_body":
            chunked = replace(reply, headers={**reply.headers, "transfer-encoding": "chunked"})
            await _last(wire, chunked.encoded(head_only=True) + GARBAGE)
        case "oversized_header":
            await _last(wire, _with(reply, "x-flood", "x" * 262_144).encoded())
        case _:
            await wire.send(_other_answer(fault, reply).encoded())


def _other_answer(fault: Fault, reply: FakeResponse) -> FakeResponse:
    """Good HTTP that holds something else."""
    match fault.kind:
        case "redirect_loop":
            return replace(reply, status=302, headers={"location": "?again"}, body=b"")
        case "wrong_content_type":
            return replace(_with(reply, "content-type", "text/html"), body=PAGE)
        case "invalid_json":
            cut = b'{"id": "1", "sta'
            return replace(_with(reply, "content-type", "application/json"), body=cut)
        case "empty_body":
            return replace(reply, body=b"")
        case _:
            return reply


def _cut(reply: FakeResponse) -> bytes:
    """Without half of the body; where there is none, without the end of the head."""
    data = reply.encoded()
    return data[: len(data) - max(1, len(reply.body) // 2)]


def _with(reply: FakeResponse, name: str, value: str) -> FakeResponse:
    return replace(reply, headers={**reply.headers, name: value})


async def _last(wire: ClientConnection, data: bytes) -> None:
    await wire.send(data)
    wire.finish()


async def _hang(wire: ClientConnection) -> None:
    await wire.client_gone()
    wire.finish()


async def _drip(wire: ClientConnection, reply: FakeResponse, seconds: float) -> None:
    """A byte at a time, until the client has had enough."""
    gone = asyncio.ensure_future(wire.client_gone())
    for byte in reply.encoded():
        await wire.send(bytes([byte]))
        await asyncio.wait([gone], timeout=seconds)
        if gone.done():
            break
    gone.cancel()
    wire.finish()
