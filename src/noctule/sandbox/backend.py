"""Behind the wire: find the operation, refuse or replay or perform, and enter the effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    def __init__(
        self, document: ApiDocument, pack: Pack | None, ledger: Ledger, *, seed: int
    ) -> None:
        self.world = SandboxState(document, pack, seed=seed)
        self._document = document
        self._router = Router(document)
        self._gate = RequestChecks(document, pack)
        self._idempotency = IdempotencyKeys(pack)
        self._ledger = ledger

    def reset(self) -> None:
        """Forget all things, all idempotency keys and what `ensure` prefers."""
        self._router = Router(self._document)
        self.world.reset()
        self._idempotency.reset()

    def ensure(self, operation: str, path: dict[str, str]) -> None:
        """Make the thing exist that an operation reads, changes or deletes, if there is one."""
        meant = self._document.operations[operation]
        self._router.prefer(meant)
        self.world.ensure(meant, path)

    def find(self, incoming: IncomingRequest) -> RouteMatch | None:
        return self._router.match(incoming.method, incoming.target.partition("?")[0])

    def answer(
        self, match: RouteMatch | None, incoming: IncomingRequest, exchange: Exchange
    ) -> FakeResponse:
        """The honest answer; an effect goes to the ledger, a refusal's reason to the exchange."""
        if match is None:
            exchange.reason = f"the document has no {exchange.method} at this path"
            return self.refuse(None, 404, exchange.reason)
        try:
            return self._act(match, incoming, exchange)
        except Refusal as refusal:
            exchange.reason = refusal.reason
            return self.refuse(match, refusal.status, refusal.reason)
        except RecursionError:
            exchange.reason = "the request is nested too deep"
            return self.refuse(match, 400, exchange.reason)

    def refuse(self, match: RouteMatch | None, status: int, reason: str) -> FakeResponse:
        """The documented error of this status, which says `reason` where it has room."""
        operation = match.operation if match is not None else None
        return self.world.answers.refusal(operation, status, reason)

    def _act(
        self, match: RouteMatch, incoming: IncomingRequest, exchange: Exchange
    ) -> FakeResponse:
        operation = match.operation
        decoded = self._gate.admit(match, incoming)
        key = self._idempotency.key(operation, incoming)
        try:
            known = self._idempotency.answered(operation, key, incoming)
        except KeyReused as error:
            raise Refusal(409, "this idempotency key came with another request") from error
        if known is not None:
            exchange.replayed = True
            return known
        reply, changed = self.world.perform(operation, match.path, decoded)
        if changed:
            effect = Effect(exchange=exchange.number, operation=operation.key, resource=changed)
            self._ledger.effects.append(effect)
        self._idempotency.remember(operation, key, incoming, reply)
        return reply
