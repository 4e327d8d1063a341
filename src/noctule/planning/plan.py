"""From a request to an integration task, or to the one question that stands in the way.

Nothing is invented: each operation, event and variable of the task comes from the pack or from the
document, and says from which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.checks.gates import refuse_webhooks, unsigned
from noctule.checks.operations import require_operation
from noctule.planning.compose import Chosen, Outline, compose
from noctule.planning.language.request import detect_language, understand
from noctule.planning.question import Question, which_need, which_operation
from noctule.planning.search.discovery import MAX_OPERATIONS, discover
from noctule.planning.select.pack_operations import select
from noctule.planning.select.provider_choice import identify
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.planning.compose import ChoiceReason
    from noctule.planning.language.request import Request
    from noctule.planning.select.provider_choice import Subject
    from noctule.project.layout import Layout
    from noctule.providers import Need, OperationFact, Pack

SURE = 0.7
"""The confidence below which the planner asks."""
MAX_REQUEST = 2000
"""Characters."""


@dataclass(frozen=True)
class Plan:
    """Exactly one of `task` and `question` is there."""

    task: IntegrationTask | None
    question: Question | None
    confidence: float
    """From 0 to 1, provider and need together."""
    reasons: tuple[ChoiceReason, ...] = ()
    """Why each operation is there and where it comes from, in the task's order."""
    document: ApiDocument | None = None
    pack: Pack | None = None
    left_out: tuple[ApiOperation, ...] = ()
    """What was looked at and not planned, best first; a pack's choice leaves nothing out."""


@dataclass(frozen=True)
class _Choice:
    """What a request comes down to: operations for a need, or a question."""

    chosen: tuple[Chosen, ...]
    confidence: float
    need: Need | None = None
    question: Question | None = None
    left_out: tuple[ApiOperation, ...] = ()


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
) -> Plan:
    """Plan the integration that `request` asks for.

    `provider`, `need` and `operations` answer the question of an earlier plan; `document` replaces
    the pack's compact one; `accepted` is the reason for going on with an incomplete document;
    `whole` wraps all that the document has, so that no question about operations is left.

    Raises `Problem` for an empty request, an unknown provider without a document, an answer that
    names nothing known (all exit 2), and for a request for nothing but webhooks that nobody could
    verify (exit 3).
    """
    text = _checked(request)
    language = language or detect_language(text)
    subject = identify(text, language, document, pack, provider)
    if isinstance(subject, Question):
        return Plan(None, subject, 0.5)
    asked = understand(text, language, subject.written)
    choice = _choose(subject, asked, need, operations, whole=whole)
    outline = _outline(subject, asked, choice, accepted, whole=whole)
    confidence = round(choice.confidence * subject.certainty, 2)
    document, pack = subject.document, subject.pack
    if choice.question and confidence < SURE:
        return Plan(None, choice.question, confidence, (), document, pack)
    task, reasons = compose(outline, layout)
    return Plan(task, None, confidence, reasons, document, pack, choice.left_out)


def _checked(request: str) -> str:
    text = " ".join(request.split())
    if not any(letter.isalpha() for letter in text):
        raise Problem("planning.empty_request", exit=Exit.USAGE)
    if len(text) > MAX_REQUEST:
        raise Problem("planning.long_request", exit=Exit.USAGE, limit=MAX_REQUEST)
    return text


def _outline(
    subject: Subject, asked: Request, choice: _Choice, accepted: str, *, whole: bool
) -> Outline:
    refusal = (
        None if asked.refuses_webhooks else unsigned(subject.pack, subject.name, asked.language)
    )
    if refusal and asked.wants_webhooks and not choice.chosen and not whole:
        raise refuse_webhooks(subject.name, refusal)
    events: tuple[str, ...] = ()
    if not refusal and not asked.refuses_webhooks:
        events = _events(subject, asked, choice.need)
    return Outline(subject, asked, choice.need, choice.chosen, events, refusal, accepted, whole)


def _events(subject: Subject, asked: Request, need: Need | None) -> tuple[str, ...]:
    """The need's; what the pack listens to where it knows nothing but webhooks."""
    if need is not None:
        return need.events
    pack = subject.pack
    if pack is None or pack.webhook is None or pack.needs or not asked.wants_webhooks:
        return ()
    return pack.webhook.events


def _choose(
    subject: Subject, asked: Request, need: str, operations: Sequence[str], *, whole: bool
) -> _Choice:
    if operations:
        return _Choice(_named(subject, operations), 1.0, _need(subject, need))
    if subject.pack is not None:
        choice = _of_pack(subject, subject.pack, asked, need)
        if choice.chosen and (choice.confidence >= SURE or not whole):
            return choice
    if whole:
        return _Choice((), 1.0)
    return _of_document(subject, asked)


def _named(subject: Subject, references: Sequence[str]) -> tuple[Chosen, ...]:
    chosen: list[Chosen] = []
    for reference in references:
        operation = require_operation(subject.document, subject.pack, reference)
        chosen.append(Chosen(operation, _fact(subject, operation.key), "asked"))
    return tuple(chosen)


def _of_pack(subject: Subject, pack: Pack, asked: Request, answer: str) -> _Choice:
    """The pack's operations that the document has; none when the request is not the pack's."""
    found = select(pack, asked)
    need = _need(subject, answer) or found.need
    facts = found.operations
    if answer and need:
        facts = tuple(pack.operations[key] for key in need.operations)
    chosen: list[Chosen] = []
    for fact in facts[:MAX_OPERATIONS]:
        operation = subject.operation(fact.key)
        said = "" if answer else ", ".join(found.words.get(fact.key, ()))
        why, detail = (
            ("words", said) if said else ("need", need.label(asked.language) if need else "")
        )
        if operation:
            chosen.append(Chosen(operation, fact, why, detail))
    question = which_need(subject.name, found.rivals or pack.needs.values(), asked.language)
    return _Choice(tuple(chosen), 1.0 if answer else found.confidence, need, question)


def _of_document(subject: Subject, asked: Request) -> _Choice:
    found = discover(subject.document, asked)
    chosen = tuple(
        Chosen(
            one.operation,
            _fact(subject, one.operation.key),
            "producer" if one.parameter else "terms",
            f"{one.parameter} → {one.consumer}" if one.parameter else ", ".join(one.score.terms),
        )
        for one in found.chosen
    )
    if subject.pack and subject.pack.needs and not found.chosen:
        question = which_need(subject.name, subject.pack.needs.values(), asked.language)
    else:
        nearest = found.nearest or tuple(subject.document.operations.values())
        question = which_operation(subject.name, nearest, asked.language)
    planned = {one.operation.key for one in found.chosen}
    left_out = (one.operation for one in found.candidates if one.operation.key not in planned)
    return _Choice(chosen, found.confidence, None, question, tuple(left_out))


def _need(subject: Subject, answer: str) -> Need | None:
    if not answer:
        return None
    needs: Mapping[str, Need] = subject.pack.needs if subject.pack else {}
    if answer not in needs:
        raise Problem(
            "planning.unknown_need",
            exit=Exit.USAGE,
            place=answer,
            service=subject.name,
            known=", ".join(needs) or "-",
        )
    return needs[answer]


def _fact(subject: Subject, key: str) -> OperationFact | None:
    """What the pack knows of the document's operation `key`."""
    for fact in subject.pack.operations.values() if subject.pack else ():
        operation = subject.operation(fact.key)
        if operation and operation.key == key:
            return fact
    return None
