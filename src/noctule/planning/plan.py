"""From a request to an integration task, or to one question that must be answered first.

Nothing is invented: each operation, event and variable of the task comes from the pack or from the
document, and the task names which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from noctule.apidoc.loading.decode import no_collection
from noctule.checks.choices import NOTHING_SAID, choices_for
from noctule.checks.gates import refuse_not_supported, refuse_webhooks, unsigned
from noctule.checks.operations import require_operation
from noctule.planning.compose import PlanDraft, PlannedOperation, compose
from noctule.planning.language.request import detect_language, parse_request
from noctule.planning.question import Question, which_need, which_operation
from noctule.planning.refetch import plan_refetch
from noctule.planning.search.discovery import MAX_OPERATIONS, discover
from noctule.planning.select.pack_operations import select_operations
from noctule.planning.select.provider_choice import choose_provider
from noctule.planning.select.server import ServerChoice, choose_server
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.checks.choices import Said
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.planning.compose import OperationReason
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.search.ranking import RankedOperation
    from noctule.planning.select.provider_choice import ProviderChoice
    from noctule.project.layout import Layout
    from noctule.providers import Need, OperationFact, Pack

UnsignedWebhooks = Literal["", "refetch"]
SURE = 0.7
"""The confidence below which the planner asks."""
MAX_REQUEST = 2000
"""Characters."""


@dataclass(frozen=True)
class PlanResult:
    """The result of planning; exactly one of `task` and `question` is not None."""

    task: IntegrationTask | None
    question: Question | None
    confidence: float
    """From 0 to 1, provider and need together."""
    reasons: tuple[OperationReason, ...] = ()
    """Why each operation is there and where it comes from, in the task's order."""
    document: ApiDocument | None = None
    pack: Pack | None = None
    left_out: tuple[ApiOperation, ...] = ()
    """Operations that were considered and not planned, best first; () for a pack's choice."""


@dataclass(frozen=True)
class _OperationChoice:
    """The operations for a request, and the question to ask if they are too uncertain."""

    operations: tuple[PlannedOperation, ...]
    confidence: float
    need: Need | None = None
    question: Question | None = None
    left_out: tuple[ApiOperation, ...] = ()


@no_collection()
def plan(
    request: str,
    *,
    layout: Layout,
    document: ApiDocument | None = None,
    pack: Pack | None = None,
    language: Language | None = None,
    provider: str = "",
    need: str = "",
    operations: Sequence[str] = (),
    accepted: str = "",
    whole: bool = False,
    unsigned_webhooks: UnsignedWebhooks = "",
    said: Said = NOTHING_SAID,
) -> PlanResult:
    """Plan the integration that `request` asks for.

    `provider`, `need` and `operations` answer the question of an earlier plan. `document` replaces
    the pack's compact one. `accepted` is the reason for accepting an incomplete document. `whole`
    plans every operation of the document, so that there is no question about operations.
    `unsigned_webhooks` is "refetch" to receive webhooks that are not signed as hints to read an
    object again, instead of refusing them. `said` is what the document leaves open.

    Raises `Problem` for an empty request, an unknown provider without a document, an unknown need
    or operation (all exit 2), and for a request for nothing but unsigned webhooks (exit 3).
    """
    text = _clean(request)
    language = language or detect_language(text)
    refetch = unsigned_webhooks == "refetch"
    chosen = choose_provider(text, language, document, pack, provider, refetch=refetch)
    if isinstance(chosen, Question):
        return PlanResult(None, chosen, 0.5)
    server = choose_server(chosen, said.server, language)
    chosen = _as_said(chosen, said, server)
    parsed = parse_request(text, language, chosen.written)
    choice = _choose(chosen, parsed, need, operations, whole=whole)
    draft = _draft(chosen, parsed, choice, accepted, said, whole=whole)
    if refetch and draft.refusal is not None:
        draft = _with_refetch(draft)
    elif draft.refusal and parsed.wants_webhooks and not choice.operations and not whole:
        raise refuse_webhooks(chosen.name, draft.refusal)
    confidence = round(choice.confidence * chosen.certainty, 2)
    document, pack = chosen.document, chosen.pack
    if choice.question and confidence < SURE and draft.refetch is None:
        return PlanResult(None, choice.question, confidence, (), document, pack)
    planned = [each.operation for each in draft.operations]
    if isinstance(server, Question):
        if any(not document.own_servers(operation) for operation in planned) or whole:
            return PlanResult(None, server, confidence, (), document, pack)
    else:
        draft = replace(draft, server=server)
    refuse_not_supported(document, document.operations.values() if whole else planned, pack)
    task, reasons = compose(draft, layout)
    return PlanResult(task, None, confidence, reasons, document, pack, choice.left_out)


def _as_said(
    provider: ProviderChoice, said: Said, server: ServerChoice | Question
) -> ProviderChoice:
    """The provider, its document read as people say."""
    address = server.server if isinstance(server, ServerChoice) else ""
    choices = choices_for(replace(said, server=address), provider.document, provider.pack)
    return replace(provider, document=provider.document.chosen(choices))


def _clean(request: str) -> str:
    text = " ".join(request.split())
    if not any(letter.isalpha() for letter in text):
        raise Problem("planning.empty_request", exit=Exit.USAGE)
    if len(text) > MAX_REQUEST:
        raise Problem("planning.long_request", exit=Exit.USAGE, limit=MAX_REQUEST)
    return text


def _draft(
    provider: ProviderChoice,
    request: ParsedRequest,
    choice: _OperationChoice,
    accepted: str,
    said: Said,
    *,
    whole: bool,
) -> PlanDraft:
    refusal = None
    if not request.refuses_webhooks:
        refusal = unsigned(provider.pack, provider.name, request.language)
    events: tuple[str, ...] = ()
    if not refusal and not request.refuses_webhooks:
        events = _events(provider, request, choice.need)
    return PlanDraft(
        provider, request, choice.need, choice.operations, events, refusal, accepted, said, whole
    )


def _with_refetch(draft: PlanDraft) -> PlanDraft:
    """The draft with unsigned webhooks as hints, and the operation that reads their object."""
    planned = tuple(each.operation for each in draft.operations)
    refetch = plan_refetch(draft.provider, draft.request, planned)
    operations = draft.operations
    known = {operation.key for operation in planned}
    if refetch.operation.key not in known and not draft.whole:
        fact = _fact(draft.provider, refetch.operation.key)
        operations = (*operations, PlannedOperation(refetch.operation, fact, "refetch"))
    return replace(draft, operations=operations, refusal=None, refetch=refetch)


def _events(provider: ProviderChoice, request: ParsedRequest, need: Need | None) -> tuple[str, ...]:
    """The need's events; all events of a pack that has nothing but webhooks."""
    if need is not None:
        return need.events
    pack = provider.pack
    if pack is None or pack.webhook is None or pack.needs or not request.wants_webhooks:
        return ()
    return pack.webhook.events


def _choose(
    provider: ProviderChoice,
    request: ParsedRequest,
    need: str,
    operations: Sequence[str],
    *,
    whole: bool,
) -> _OperationChoice:
    if operations:
        planned = tuple(_named_operation(provider, reference) for reference in operations)
        return _OperationChoice(planned, 1.0, _named_need(provider, need))
    if provider.pack is not None:
        choice = _choose_from_pack(provider, provider.pack, request, need)
        if choice.operations and (choice.confidence >= SURE or not whole):
            return choice
    if whole:
        return _OperationChoice((), 1.0)
    return _choose_from_document(provider, request)


def _named_operation(provider: ProviderChoice, reference: str) -> PlannedOperation:
    operation = require_operation(provider.document, provider.pack, reference)
    return PlannedOperation(operation, _fact(provider, operation.key), "asked")


def _choose_from_pack(
    provider: ProviderChoice, pack: Pack, request: ParsedRequest, need_id: str
) -> _OperationChoice:
    """The pack's operations that the document has; none when the request does not fit the pack."""
    selection = select_operations(pack, request)
    need = _named_need(provider, need_id) or selection.need
    facts = selection.operations
    if need_id and need:
        facts = tuple(pack.operations[key] for key in need.operations)
    planned: list[PlannedOperation] = []
    for fact in facts[:MAX_OPERATIONS]:
        operation = provider.operation(fact.key)
        words = "" if need_id else ", ".join(selection.words.get(fact.key, ()))
        label = need.label(request.language) if need else ""
        why, detail = ("words", words) if words else ("need", label)
        if operation:
            planned.append(PlannedOperation(operation, fact, why, detail))
    needs = selection.rivals or pack.needs.values()
    question = which_need(provider.name, needs, request.language)
    confidence = 1.0 if need_id else selection.confidence
    return _OperationChoice(tuple(planned), confidence, need, question)


def _choose_from_document(provider: ProviderChoice, request: ParsedRequest) -> _OperationChoice:
    discovery = discover(provider.document, request)
    planned = tuple(_discovered(provider, ranked) for ranked in discovery.chosen)
    if provider.pack and provider.pack.needs and not planned:
        question = which_need(provider.name, provider.pack.needs.values(), request.language)
    else:
        nearest = discovery.nearest or tuple(provider.document.operations.values())
        question = which_operation(provider.name, nearest, request.language)
    keys = {operation.operation.key for operation in planned}
    left_out = (c.operation for c in discovery.candidates if c.operation.key not in keys)
    return _OperationChoice(planned, discovery.confidence, None, question, tuple(left_out))


def _discovered(provider: ProviderChoice, ranked: RankedOperation) -> PlannedOperation:
    fact = _fact(provider, ranked.operation.key)
    if ranked.parameter:
        detail = f"{ranked.parameter} → {ranked.consumer}"
        return PlannedOperation(ranked.operation, fact, "producer", detail)
    return PlannedOperation(ranked.operation, fact, "terms", ", ".join(ranked.score.terms))


def _named_need(provider: ProviderChoice, need_id: str) -> Need | None:
    if not need_id:
        return None
    needs: Mapping[str, Need] = provider.pack.needs if provider.pack else {}
    if need_id not in needs:
        raise Problem(
            "planning.unknown_need",
            exit=Exit.USAGE,
            place=need_id,
            service=provider.name,
            known=", ".join(needs) or "-",
        )
    return needs[need_id]


def _fact(provider: ProviderChoice, key: str) -> OperationFact | None:
    """What the pack knows about the document's operation `key`."""
    for fact in provider.pack.operations.values() if provider.pack else ():
        operation = provider.operation(fact.key)
        if operation and operation.key == key:
            return fact
    return None
