"""Find the operation of a request, refuse, replay or perform it, and record the effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.sandbox.checks.hosts import Hosts
from noctule.sandbox.checks.refusals import RequestChecks
from noctule.sandbox.checks.routing import RouteMatch, Router
from noctule.sandbox.ledger import Effect
from noctule.sandbox.request import Refusal
from noctule.sandbox.state.idempotency import IdempotencyKeys, KeyReused
from noctule.sandbox.state.state import SandboxState

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import FakeResponse, IncomingRequest
    from noctule.sandbox.ledger import Exchange, Ledger


class Backend:
    """What the fake provider does with a request, without HTTP."""

    def __init__(
        self, document: ApiDocument, pack: Pack | None, ledger: Ledger, *, seed: int
    ) -> None:
        self.state = SandboxState(document, pack, seed=seed)
        self._document = document
        self._router = Router(document)
        self._hosts = Hosts(document, pack)
        self._checks = RequestChecks(document, pack)
        self._idempotency = IdempotencyKeys(pack)
        self._ledger = ledger

    def reset(self) -> None:
        """Forget all resources, idempotency keys and preferences of `ensure`."""
        self._router = Router(self._document)
        self.state.reset()
        self._idempotency.reset()

    def ensure(self, operation: str, path: dict[str, str]) -> None:
        """Create the resource that an operation reads, changes or deletes, if there is one."""
        described = self._document.operations[operation]
        self._router.prefer(described)
        self.state.ensure(described, path)

    def find(self, request: IncomingRequest) -> RouteMatch | None:
        path = request.target.partition("?")[0]
        return self._router.match(request.method, path, self._hosts.prefixes(request))

    def answer(
        self, match: RouteMatch | None, request: IncomingRequest, exchange: Exchange
    ) -> FakeResponse:
        """The response without faults. Records effects, and the reason of a refusal."""
        if match is None:
            exchange.reason = f"the document has no {exchange.method} at this path"
            return self.refuse(None, 404, exchange.reason)
        try:
            return self._act(match, request, exchange)
        except Refusal as refusal:
            exchange.reason = refusal.reason
            return self.refuse(match, refusal.status, refusal.reason)
        except RecursionError:
            exchange.reason = "the request is nested too deep"
            return self.refuse(match, 400, exchange.reason)

    def refuse(self, match: RouteMatch | None, status: int, reason: str) -> FakeResponse:
        """The documented error of this status, with `reason` in its text fields."""
        operation = match.operation if match is not None else None
        return self.state.responses.refusal(operation, status, reason)

    def _act(self, match: RouteMatch, request: IncomingRequest, exchange: Exchange) -> FakeResponse:
        operation = match.operation
        if reason := self._hosts.wrong(operation, request):
            raise Refusal(421, reason)
        decoded = self._checks.admit(match, request)
        key = self._idempotency.key(operation, request)
        try:
            earlier = self._idempotency.response_to(operation, key, request)
        except KeyReused as error:
            raise Refusal(409, "this idempotency key was used with another request") from error
        if earlier is not None:
            exchange.replayed = True
            return earlier
        response, changed = self.state.perform(operation, match.path, decoded)
        if changed:
            effect = Effect(exchange=exchange.number, operation=operation.key, resource=changed)
            self._ledger.effects.append(effect)
        self._idempotency.remember(operation, key, request, response)
        return response
