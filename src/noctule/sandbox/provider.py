"""A fake of a provider on a loopback socket, made from its API document alone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from noctule.runtime import BodyFailure
from noctule.runtime.testing.failure_body import failure_body
from noctule.sandbox.backend import Backend
from noctule.sandbox.http.connection import FakeResponse, Unreadable
from noctule.sandbox.http.fault_injection import send_with_fault
from noctule.sandbox.http.faults import Fault, Schedule
from noctule.sandbox.http.listener import HOST, Listener
from noctule.sandbox.http.token_endpoint import OPERATION as TOKEN
from noctule.sandbox.http.token_endpoint import TokenEndpoint
from noctule.sandbox.ledger import Exchange, Ledger
from noctule.sandbox.state.operation_roles import success_schema
from noctule.sandbox.state.schema_drift import with_schema_drift

if TYPE_CHECKING:
    from types import TracebackType

    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.sandbox.checks.routing import RouteMatch
    from noctule.sandbox.http.connection import ClientConnection, IncomingRequest

INJECTED = "a fault, injected into the fake"


class FakeProvider:
    """`async with FakeProvider(document, pack=pack) as fake:` listens on 127.0.0.1.

    It validates requests, asks for credentials, keeps state per resource and honours
    idempotency keys; `inject` makes it fail; `ledger` says what it saw and did. The same
    requests and seed give the same answers. `latency` is in seconds, for every answer.
    """

    def __init__(
        self,
        document: ApiDocument,
        *,
        pack: Pack | None = None,
        seed: int = 0,
        latency: float = 0.0,
    ) -> None:
        self.ledger = Ledger()
        self.latency = latency
        self._backend = Backend(document, pack, self.ledger, seed=seed)
        self._tokens = TokenEndpoint(document, pack, seed=seed)
        self._failure = _body_failure(pack)
        self._request_id = pack.request_id_header.lower() if pack is not None else ""
        self._prefix = (
            urlsplit(document.servers[0].url).path.rstrip("/") if document.servers else ""
        )
        self._faults = Schedule()
        self._listener = Listener(self._serve)
        self._started = time.monotonic()

    @property
    def base_url(self) -> str:
        """What takes the place of the provider's address, with the path of its first server."""
        return f"{self.origin}{self._prefix}"

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self._listener.port}"

    async def __aenter__(self) -> FakeProvider:
        await self._listener.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._listener.close()

    async def inject(self, *faults: Fault) -> None:
        """Let these go wrong, in this order. "refuse" closes the port at once, until `clear`.

        Raises ValueError for "refused_in_200" where the pack has no `[failure]`.
        """
        if self._failure is None and any(fault.kind == "refused_in_200" for fault in faults):
            raise ValueError("the pack has no [failure]: a 200 of this provider is a success")
        self._faults.add(fault for fault in faults if fault.kind != "refuse")
        if any(fault.kind == "refuse" for fault in faults):
            await self._listener.refuse()

    async def clear(self) -> None:
        """Be well again: no fault is left and the port is open."""
        self._faults.clear()
        await self._listener.listen()

    async def renew(self) -> None:
        """As if just made: another port, nothing exists, nothing was seen, nothing goes wrong."""
        await self._listener.close()
        self._listener = Listener(self._serve)
        self._faults.clear()
        self._backend.reset()
        self._tokens.reset()
        self.ledger.clear()
        await self._listener.listen()

    def put(self, path: str, **fields: Any) -> None:
        """Make a thing exist: `put("/v1/customers/cus_1", email="a@example.com")`."""
        self._backend.world.put(path, fields)

    def ensure(self, operation: str, path: dict[str, str]) -> None:
        """Make what an operation works on exist: `ensure("GET /v1/items/{id}", {"id": "it_1"})`."""
        self._backend.ensure(operation, path)

    async def _serve(self, wire: ClientConnection) -> None:
        self.ledger.connections += 1
        connection = self.ledger.connections
        fault = self._faults.on_connection()
        if fault is not None:
            await send_with_fault(wire, fault, FakeResponse(500))
        while wire.open:
            try:
                incoming = await wire.receive()
            except Unreadable as error:
                await wire.send(self._backend.refuse(None, 400, str(error)).encoded())
                return
            if incoming is None:
                return
            await self._answer(wire, incoming, self._enter(incoming, connection))

    def _enter(self, incoming: IncomingRequest, connection: int) -> Exchange:
        exchange = Exchange(
            number=len(self.ledger.exchanges) + 1,
            at=time.monotonic() - self._started,
            connection=connection,
            method=incoming.method,
            target=incoming.target,
            headers=incoming.headers,
            body=incoming.body,
        )
        self.ledger.exchanges.append(exchange)
        return exchange

    async def _answer(
        self, wire: ClientConnection, incoming: IncomingRequest, exchange: Exchange
    ) -> None:
        granted = self._tokens.grants(incoming)
        match = self._backend.find(incoming) if granted is None else None
        exchange.operation = TOKEN if granted is not None else match.operation.key if match else ""
        fault = self._faults.on_request(exchange.operation)
        if fault is not None and not fault.needs_the_answer:
            reply = self._backend.refuse(match, fault.status, INJECTED)
        else:
            reply = granted or self._backend.answer(match, incoming, exchange)
        if fault is not None:
            reply = self._spoiled(fault, match, reply)
        if self.latency:
            await asyncio.sleep(self.latency)
        await self._send(wire, incoming, exchange, fault, self._named(exchange, reply))

    async def _send(
        self,
        wire: ClientConnection,
        incoming: IncomingRequest,
        exchange: Exchange,
        fault: Fault | None,
        reply: FakeResponse,
    ) -> None:
        if fault is not None:
            exchange.fault = fault.kind
            exchange.status = 0 if fault.silent else reply.status
            await send_with_fault(wire, fault, reply)
        else:
            exchange.status = reply.status
            await wire.send(reply.encoded(head_only=incoming.method == "HEAD"))
        if incoming.headers.get("connection", "").lower() == "close":
            wire.finish()

    def _spoiled(self, fault: Fault, match: RouteMatch | None, reply: FakeResponse) -> FakeResponse:
        if fault.kind == "status":
            refusal = self._backend.refuse(match, fault.status, INJECTED)
            body = refusal.body if fault.body is None else fault.body.encode()
            return FakeResponse(fault.status, body, {**refusal.headers, **fault.headers})
        if fault.kind == "refused_in_200" and self._failure is not None:
            body = msgspec.json.encode(failure_body(self._failure, fault.code))
            return FakeResponse(200, body, {"content-type": "application/json", **fault.headers})
        return with_schema_drift(fault, success_schema(match.operation) if match else None, reply)

    def _named(self, exchange: Exchange, reply: FakeResponse) -> FakeResponse:
        """With the header in which the provider names a request."""
        if not self._request_id:
            return reply
        name = f"req_{exchange.number:08d}"
        return replace(reply, headers={**reply.headers, self._request_id: name})


def _body_failure(pack: Pack | None) -> BodyFailure | None:
    if pack is None or pack.failure is None:
        return None
    return BodyFailure(flag=pack.failure.flag, code=pack.failure.code)
