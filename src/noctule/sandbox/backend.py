"""Find the operation of a request, refuse, replay or perform it, and record the effect."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from noctule.sandbox.checks.accept import admits
from noctule.sandbox.checks.address import ADDRESSED
from noctule.sandbox.checks.judge import RequestJudge
from noctule.sandbox.checks.routing import RouteMatch, Router
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.http.connection import FakeResponse
from noctule.sandbox.ledger import Effect
from noctule.sandbox.request import Refusal, RequestValues
from noctule.sandbox.state.documented import (
    ELSEWHERE,
    content,
    documented_answers,
    response_of,
)
from noctule.sandbox.state.idempotency import IdempotencyKeys, KeyReused
from noctule.sandbox.state.pages import PagedList
from noctule.sandbox.state.state import SandboxState
from noctule.sandbox.stated.document import StatedDocument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument
    from noctule.providers import FailureFact, Pack
    from noctule.sandbox.checks.credentials import Grants
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.ledger import Exchange, Ledger
    from noctule.sandbox.state.pages import PageKind
    from noctule.sandbox.stated.documented_answers import AnswerKind, DocumentedAnswer
    from noctule.sandbox.stated.operation import StatedOperation

SIGNS = frozenset({";", "."})
"""What a path parameter in the style "matrix" or "label" begins with."""


class Backend:
    """What the fake provider does with a request, without HTTP."""

    def __init__(
        self,
        document: ApiDocument,
        pack: Pack | None,
        ledger: Ledger,
        grants: Grants,
        *,
        failure: FailureFact | None = None,
        seed: int,
    ) -> None:
        self.state = SandboxState(document, pack, failure=failure, seed=seed)
        self._document = document
        self._router = Router(document)
        self._stated = StatedDocument(document)
        self._judge = RequestJudge(self._stated, pack, grants)
        self._pages: PagedList | None = None
        self._paged = ""
        self._pagination = pack.pagination if pack is not None else None
        self._redirected: tuple[StatedOperation, DocumentedAnswer] | None = None
        self._answers: deque[DocumentedAnswer] = deque()
        self._idempotency = IdempotencyKeys(pack)
        self._ledger = ledger

    def reset(self) -> None:
        """Forget all resources, idempotency keys and preferences of `ensure`."""
        self._router = Router(self._document)
        self.state.reset()
        self._answers.clear()
        self._pages = None
        self._idempotency.reset()

    def ensure(self, operation: str, path: dict[str, str]) -> None:
        """Create the resource that an operation reads, changes or deletes, if there is one."""
        described = self._document.operations[operation]
        self._router.prefer(described)
        self.state.ensure(described, path)

    def answers(self, operation: str, kind: AnswerKind, accept: str) -> list[DocumentedAnswer]:
        """The documented answers of a kind that `accept` admits."""
        usual = self.state.responses.success(self._document.operations[operation], {})
        return [
            answer
            for answer in documented_answers(self._stated.operation(operation), usual)
            if answer.kind == kind and (answer.media is None or admits(accept, answer.media_type))
        ]

    def serve(self, answers: Iterable[DocumentedAnswer]) -> None:
        """Give these answers to the next requests that are right, in turn."""
        self._answers.extend(answers)

    def pages(self, operation: str) -> PagedList | None:
        """The operation's list in pages; None where it has none."""
        return PagedList.of(self._stated.operation(operation), self._pagination)

    def serve_pages(self, operation: str, kind: PageKind) -> None:
        """Answer requests of the operation with pages, until `reset`."""
        self._paged, self._pages = operation, self.pages(operation)
        if self._pages is not None:
            self._pages.kind = kind

    def elsewhere(self, request: IncomingRequest, exchange: Exchange) -> FakeResponse | None:
        """What is where a redirect leads; None for a request to the provider."""
        if request.headers.get(ADDRESSED, "") != ELSEWHERE:
            return None
        if self._redirected is None:
            return FakeResponse(404)
        operation, answer = self._redirected
        exchange.findings = tuple(self._judge.elsewhere(operation, request, ELSEWHERE))
        return FakeResponse(200, *content(answer.media))

    def find(self, request: IncomingRequest) -> RouteMatch | None:
        path = request.target.partition("?")[0]
        prefixes = self._judge.addresses.prefixes(request)
        return self._router.match(request.method, path, prefixes)

    def answer(
        self, match: RouteMatch | None, request: IncomingRequest, exchange: Exchange
    ) -> FakeResponse:
        """The response without faults. Records effects, and what is wrong with the request."""
        if match is None:
            exchange.findings = (self._not_found(request),)
            exchange.reason = exchange.findings[0].text("en")
            return self.refuse(None, 404, exchange.reason)
        try:
            return self._act(match, request, exchange)
        except Refusal as refusal:
            exchange.reason = refusal.reason
            return self.refuse(match, refusal.status, refusal.reason)
        except RecursionError:
            exchange.reason = "the request is nested too deep"
            return self.refuse(match, 400, exchange.reason)

    def _not_found(self, request: IncomingRequest) -> RequestFinding:
        path = request.target.partition("?")[0]
        methods = self._router.methods(path, self._judge.addresses.prefixes(request))
        named = f"{request.method} {path}"
        return RequestFinding("no_operation", named, path, ", ".join(methods) or "-", "#/paths")

    def refuse(self, match: RouteMatch | None, status: int, reason: str) -> FakeResponse:
        """The documented error of this status, with `reason` in its text fields."""
        operation = match.operation if match is not None else None
        return self.state.responses.refusal(operation, status, reason)

    def _act(self, match: RouteMatch, request: IncomingRequest, exchange: Exchange) -> FakeResponse:
        operation = match.operation
        values, exchange.findings = self._judge.judge(match, request)
        if exchange.findings:
            reasons = "; ".join(finding.text("en") for finding in exchange.findings)
            raise Refusal(exchange.findings[0].status, reasons)
        exchange.values = values
        if self._answers:
            exchange.served = answer = self._answers.popleft()
            self._redirected = self._stated.operation(operation.key), answer
            return response_of(answer)
        if self._pages is not None and self._paged == operation.key:
            origin = request.headers.get(ADDRESSED) or f"http://{request.headers.get('host', '')}"
            return self._pages.response(values, request.target, origin)
        key = self._idempotency.key(operation, request)
        try:
            earlier = self._idempotency.response_to(operation, key, request)
        except KeyReused as error:
            raise Refusal(409, "this idempotency key was used with another request") from error
        if earlier is not None:
            exchange.replayed = True
            return earlier
        response, changed = self.state.perform(operation, _named(match, values), values)
        if changed:
            effect = Effect(exchange=exchange.number, operation=operation.key, resource=changed)
            self._ledger.effects.append(effect)
        self._idempotency.remember(operation, key, request, response)
        return response


def _named(match: RouteMatch, values: RequestValues) -> dict[str, str]:
    """The path parameters as text, those in a style without its signs."""
    return {
        name: str(values.path[name]) if text[:1] in SIGNS and name in values.path else text
        for name, text in match.path.items()
    }
