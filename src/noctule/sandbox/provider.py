"""A fake provider on a loopback socket, made from an API document."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from noctule.apidoc.model.servers import example_url
from noctule.runtime import BodyFailure
from noctule.runtime.testing.failure_body import failure_body
from noctule.sandbox.backend import Backend
from noctule.sandbox.http.connection import FakeResponse, Unreadable
from noctule.sandbox.http.digest import OPERATION as CHALLENGE
from noctule.sandbox.http.digest import DigestChallenges
from noctule.sandbox.http.fault_injection import send_with_fault
from noctule.sandbox.http.faults import Fault, Schedule
from noctule.sandbox.http.listener import HOST, Listener
from noctule.sandbox.http.token_endpoint import OPERATION as TOKEN
from noctule.sandbox.http.token_endpoint import TokenEndpoint
from noctule.sandbox.ledger import Exchange, Ledger
from noctule.sandbox.state.operation_roles import success_schema
from noctule.sandbox.state.schema_drift import with_schema_drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from noctule.apidoc import ApiDocument
    from noctule.providers import FailureFact, Pack
    from noctule.sandbox.checks.routing import RouteMatch
    from noctule.sandbox.http.connection import ClientConnection, IncomingRequest
    from noctule.sandbox.state.pages import PageKind
    from noctule.sandbox.stated.documented_answers import AnswerKind, DocumentedAnswer

NO_LOGINS: Mapping[str, str] = MappingProxyType({})
INJECTED = "a fault was injected into the fake provider"


class FakeProvider:
    """`async with FakeProvider(document, pack=pack) as fake:` listens on 127.0.0.1.

    It validates requests, asks for credentials, keeps state per resource and honours
    idempotency keys; `inject` makes it fail; `ledger` records requests and effects. The same
    requests and seed give the same responses. `latency` is in seconds, for every response.
    `logins` (user -> password) are those whose answers to a Digest challenge are right.
    """

    def __init__(
        self,
        document: ApiDocument,
        *,
        pack: Pack | None = None,
        failure: FailureFact | None = None,
        seed: int = 0,
        latency: float = 0.0,
        logins: Mapping[str, str] = NO_LOGINS,
    ) -> None:
        self.ledger = Ledger()
        self.latency = latency
        failure = failure or (pack.failure if pack is not None else None)
        self._tokens = TokenEndpoint(document, pack, seed=seed)
        self._backend = Backend(
            document, pack, self.ledger, self._tokens, failure=failure, seed=seed
        )
        self._digest = DigestChallenges(document, pack, logins, seed=seed)
        self._failure = _body_failure(failure)
        self._request_id = pack.request_id_header.lower() if pack is not None else ""
        main = document.main_server
        base_url = example_url(main) if main is not None else document.base_path
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._faults = Schedule()
        self._listener = Listener(self._serve)
        self._started = time.monotonic()

    @property
    def base_url(self) -> str:
        """The address to use instead of the provider's, with the path of its first server."""
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
        """Inject these faults, in this order. "refuse" closes the port at once, until `clear`.

        Raises ValueError for "refused_in_200" where neither `failure` nor the pack declares it.
        """
        if self._failure is None and any(fault.kind == "refused_in_200" for fault in faults):
            raise ValueError("no failure is declared: a 200 of this provider is a success")
        self._faults.add(fault for fault in faults if fault.kind != "refuse")
        if any(fault.kind == "refuse" for fault in faults):
            await self._listener.refuse()

    async def clear(self) -> None:
        """Remove all faults and open the port."""
        self._faults.clear()
        await self._listener.listen()

    async def renew(self) -> None:
        """Reset everything: a new port, no resources, an empty ledger, no faults."""
        await self._listener.close()
        self._listener = Listener(self._serve)
        self._faults.clear()
        self._backend.reset()
        self._tokens.reset()
        self._digest.reset()
        self.ledger.clear()
        await self._listener.listen()

    def put(self, path: str, **fields: Any) -> None:
        """Create a resource: `put("/v1/customers/cus_1", email="a@example.com")`."""
        self._backend.state.put(path, fields)

    def ensure(self, operation: str, path: dict[str, str]) -> None:
        """Create the resource of an operation: `ensure("GET /v1/items/{id}", {"id": "it_1"})`."""
        self._backend.ensure(operation, path)

    def answers(
        self, operation: str, kind: AnswerKind, *, accept: str = "*/*"
    ) -> list[DocumentedAnswer]:
        """What the document has for the operation beside its usual answer, and `accept` admits."""
        return self._backend.answers(operation, kind, accept)

    def serve(self, answers: Iterable[DocumentedAnswer]) -> None:
        """Give these answers to the next requests that are as documented, in turn."""
        self._backend.serve(answers)

    def has_pages(self, operation: str) -> bool:
        """Whether the operation's list can come in pages."""
        return self._backend.pages(operation) is not None

    def serve_pages(self, operation: str, kind: PageKind) -> None:
        """Answer the operation with three pages of two items ("pages"), with the first one again
        and again ("pages_repeat"), or with one page that promises two more ("pages_lie")."""
        self._backend.serve_pages(operation, kind)

    async def _serve(self, connection: ClientConnection) -> None:
        self.ledger.connections += 1
        number = self.ledger.connections
        fault = self._faults.on_connection()
        if fault is not None:
            await send_with_fault(connection, fault, FakeResponse(500))
        while connection.open:
            try:
                request = await connection.receive()
            except Unreadable as error:
                await connection.send(self._backend.refuse(None, 400, str(error)).encoded())
                return
            if request is None:
                return
            await self._answer(connection, request, self._record(request, number))

    def _record(self, request: IncomingRequest, connection: int) -> Exchange:
        exchange = Exchange(
            number=len(self.ledger.exchanges) + 1,
            at=time.monotonic() - self._started,
            connection=connection,
            method=request.method,
            target=request.target,
            headers=request.headers,
            body=request.body,
        )
        self.ledger.exchanges.append(exchange)
        return exchange

    async def _answer(
        self, connection: ClientConnection, request: IncomingRequest, exchange: Exchange
    ) -> None:
        token = self._tokens.grant(request)
        elsewhere = self._backend.elsewhere(request, exchange)
        match = self._backend.find(request) if token is None and elsewhere is None else None
        challenge = self._digest.challenge(match.operation, request) if match else None
        if challenge is not None:
            exchange.operation = CHALLENGE
            await self._send(connection, request, exchange, None, challenge)
            return
        exchange.operation = TOKEN if token is not None else match.operation.key if match else ""
        fault = self._faults.on_request(exchange.operation)
        if fault is not None and not fault.needs_the_response:
            response = self._backend.refuse(match, fault.status, INJECTED)
        else:
            response = token or elsewhere or self._backend.answer(match, request, exchange)
        if fault is not None:
            response = self._with_fault(fault, match, response)
        exchange.content = response.body if exchange.served else b""
        if self.latency:
            await asyncio.sleep(self.latency)
        await self._send(
            connection, request, exchange, fault, self._with_request_id(exchange, response)
        )

    async def _send(
        self,
        connection: ClientConnection,
        request: IncomingRequest,
        exchange: Exchange,
        fault: Fault | None,
        response: FakeResponse,
    ) -> None:
        if fault is not None:
            exchange.fault = fault.kind
            exchange.status = 0 if fault.silent else response.status
            if request.method == "HEAD":
                # A body would be taken for the next response of the connection.
                response = replace(response, body=b"")
            await send_with_fault(connection, fault, response)
        else:
            exchange.status = response.status
            await connection.send(response.encoded(head_only=request.method == "HEAD"))
        if request.headers.get("connection", "").lower() == "close":
            connection.finish()

    def _with_fault(
        self, fault: Fault, match: RouteMatch | None, response: FakeResponse
    ) -> FakeResponse:
        if fault.kind == "status":
            refusal = self._backend.refuse(match, fault.status, INJECTED)
            body = refusal.body if fault.body is None else fault.body.encode()
            return FakeResponse(fault.status, body, {**refusal.headers, **fault.headers})
        if fault.kind == "refused_in_200" and self._failure is not None:
            body = msgspec.json.encode(failure_body(self._failure, fault.code))
            return FakeResponse(200, body, {"content-type": "application/json", **fault.headers})
        return with_schema_drift(
            fault, success_schema(match.operation) if match else None, response
        )

    def _with_request_id(self, exchange: Exchange, response: FakeResponse) -> FakeResponse:
        """`response` with the header that contains the provider's id of the request."""
        if not self._request_id:
            return response
        name = f"req_{exchange.number:08d}"
        return replace(response, headers={**response.headers, self._request_id: name})


def _body_failure(failure: FailureFact | None) -> BodyFailure | None:
    if failure is None:
        return None
    return BodyFailure(
        flag=failure.flag, code=failure.code, error=failure.error, failed=failure.failed
    )
