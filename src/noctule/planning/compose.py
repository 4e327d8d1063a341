"""The integration task for a plan: files, variables, methods, webhooks, error handling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.apidoc.naming.operation_names import OperationNames
from noctule.checks.choices import NOTHING_SAID
from noctule.checks.gates import PACK
from noctule.checks.retry_text import TIMEOUT, retry_text
from noctule.manifest import (
    DocumentRef,
    ErrorHandling,
    Evidence,
    IntegrationTask,
    PlannedFile,
    PlannedMethod,
    RequestSigning,
    Webhook,
)
from noctule.messages import say
from noctule.planning.language.verbs import verb_class
from noctule.planning.select.naming import method_name
from noctule.planning.select.server import NO_CHOICE
from noctule.planning.variables import env_vars
from noctule.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiOperation
    from noctule.checks.choices import Said
    from noctule.manifest import RefusedPart
    from noctule.messages import Language
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.refetch import RefetchPlan
    from noctule.planning.select.provider_choice import ProviderChoice
    from noctule.planning.select.server import ServerChoice
    from noctule.project.layout import Layout
    from noctule.providers import Need, OperationFact

HINT = "hint"
"""The event of an unsigned webhook."""
RETIRED, UNCONFIRMED, SERVER = "service", "webhooks", "server"
"""What the task's warnings are about, as evidence."""


@dataclass(frozen=True)
class PlannedOperation:
    """One operation of a plan, and why it is there."""

    operation: ApiOperation
    fact: OperationFact | None
    why: str
    """The catalogue message `why_<why>` says it."""
    detail: str = ""

    def reason(self, language: Language) -> str:
        return say(language, f"planning.why_{self.why}", detail=self.detail)


@dataclass(frozen=True)
class PlanDraft:
    """Every decision about a plan, before the task is written."""

    provider: ProviderChoice
    request: ParsedRequest
    need: Need | None
    operations: tuple[PlannedOperation, ...]
    events: tuple[str, ...]
    refusal: RefusedPart | None
    accepted: str
    said: Said = NOTHING_SAID
    """What people say of the document."""
    whole: bool = False
    """Whether every operation of the document is wrapped, not just `operations`."""
    refetch: RefetchPlan | None = None
    """How webhooks are received that are not signed."""
    server: ServerChoice = NO_CHOICE
    """Which of several servers is the production server."""

    @property
    def has_webhooks(self) -> bool:
        return bool(self.events or self.refetch)


@dataclass(frozen=True)
class OperationReason:
    method: str
    operation: str
    why: str
    source: str
    """ "pack:stripe", or the document with a JSON pointer to the operation."""


def compose(
    draft: PlanDraft, layout: Layout
) -> tuple[IntegrationTask, tuple[OperationReason, ...]]:
    """The task, and why each of its methods is there."""
    provider, language = draft.provider, draft.request.language
    methods = _methods(draft)
    reasons = tuple(
        OperationReason(
            method.name, method.operation, planned.reason(language), _source(provider, planned)
        )
        for method, planned in zip(methods, draft.operations, strict=True)
    )
    tests = f"{layout.tests}/test_{provider.slug}_service.py"
    document = provider.document
    pack = provider.pack
    facts = pack.document if pack and document.source.startswith(PACK) else None
    task = IntegrationTask(
        service=provider.name,
        files=_files(draft, layout, tests),
        env_vars=env_vars(draft.provider, _operations(draft), language, events=bool(draft.events)),
        methods=methods,
        webhooks=_webhooks(draft),
        error_handling=error_handling(language),
        tests=tests,
        request=draft.request.text,
        language=language,
        provider=provider.pack.id if provider.pack else provider.slug,
        need=draft.need.id if draft.need else "",
        target=layout.framework.id,
        scope="whole" if draft.whole else "",
        document=DocumentRef(
            source=document.source,
            sha256=document.sha256,
            version=document.version,
            overlay=document.overlay,
            compared=facts.compared if facts else "",
            compared_with=facts.compared_with if facts else "",
        ),
        server=draft.server.server,
        sandbox=draft.server.sandbox,
        auth=draft.said.auth,
        signing=draft.said.signing or RequestSigning(),
        audience=draft.said.audience,
        failure=draft.said.failure,
        accepted_incomplete=draft.accepted,
        refused=[draft.refusal] if draft.refusal else [],
        evidence=[
            *(Evidence(about=f"methods.{r.method}", source=r.source, says=r.why) for r in reasons),
            *_of_server(draft),
            *_warnings(draft),
        ],
    )
    return task, reasons


def error_handling(language: Language) -> ErrorHandling:
    """What the runtime promises, as text."""
    return ErrorHandling(
        retry=retry_text(language),
        fallback=say(language, "planning.fallback"),
        timeout=TIMEOUT,
        circuit_breaker=say(language, "planning.circuit_breaker"),
    )


def _files(draft: PlanDraft, layout: Layout, tests: str) -> list[PlannedFile]:
    language, slug = draft.request.language, draft.provider.slug
    files = [
        PlannedFile(
            path=f"{layout.services}/{slug}_service.py",
            purpose=say(language, "planning.file_wrapper", service=draft.provider.name),
            role="wrapper",
        )
    ]
    if draft.has_webhooks:
        purpose = say(language, "planning.file_webhook")
        files.append(
            PlannedFile(path=f"{layout.webhooks}/{slug}.py", purpose=purpose, role="webhook")
        )
    files.append(
        PlannedFile(path=tests, purpose=say(language, "planning.file_tests"), role="tests")
    )
    if not layout.app and (draft.has_webhooks or layout.framework.always_has_app):
        purpose = say(language, "planning.file_app", framework=layout.framework.name)
        files.append(PlannedFile(path=layout.new_app, purpose=purpose, role="app"))
    return files


def _operations(draft: PlanDraft) -> list[ApiOperation]:
    if draft.whole:
        return list(draft.provider.document.operations.values())
    return [planned.operation for planned in draft.operations]


def _methods(draft: PlanDraft) -> list[PlannedMethod]:
    methods: list[PlannedMethod] = []
    used = {planned.fact.name for planned in draft.operations if planned.fact}
    names = OperationNames(draft.provider.document.operations.values())
    for planned in draft.operations:
        name = planned.fact.name if planned.fact else method_name(planned.operation, used, names)
        used.add(name)
        methods.append(
            PlannedMethod(
                name=name,
                does=_does(planned, draft.request.language),
                operation=planned.operation.key,
                source="pack" if planned.fact else "document",
            )
        )
    return methods


def _does(planned: PlannedOperation, language: Language) -> str:
    """The pack's words; else the document's, in French after a French verb."""
    if planned.fact:
        return planned.fact.label(language)
    operation = planned.operation
    text = one_line(operation.summary or operation.description) or operation.key
    if language == "en":
        return text
    return say("fr", f"planning.does_{verb_class(operation)}", text=text)


def _webhooks(draft: PlanDraft) -> list[Webhook]:
    pack, refetch = draft.provider.pack, draft.refetch
    if refetch is not None:
        endpoint = f"/api/webhooks/{draft.provider.slug}"
        reader = refetch.operation.key
        return [
            Webhook(
                event=HINT,
                endpoint=endpoint,
                refetch=reader,
                id=refetch.id,
                shape=refetch.shape,
                source="document",
            )
        ]
    if pack is None or pack.webhook is None:
        return []
    endpoint = f"/api/webhooks/{pack.webhook.endpoint_slug}"
    return [
        Webhook(event=event, endpoint=endpoint, signature=pack.id, source="pack")
        for event in draft.events
    ]


def _of_server(draft: PlanDraft) -> Iterator[Evidence]:
    if draft.server.says:
        source = f"{draft.provider.document.source}#/servers"
        yield Evidence(about=SERVER, source=source, says=draft.server.says)


def _warnings(draft: PlanDraft) -> Iterator[Evidence]:
    """That the product was retired; that the signature scheme is somebody else's description."""
    pack, language = draft.provider.pack, draft.request.language
    if draft.refetch is not None:
        source = f"{draft.provider.document.source}{draft.refetch.operation.pointer}"
        says = say(
            language,
            "planning.hints_only",
            service=draft.provider.name,
            operation=draft.refetch.operation.key,
            id=draft.refetch.id,
            shape=draft.refetch.shape,
        )
        yield Evidence(about=UNCONFIRMED, source=source, says=says)
    if pack is None:
        return
    if pack.retired is not None:
        alternative = pack.retired.alternative(language)
        says = f"{pack.retired.reason(language)} {alternative[:1].upper()}{alternative[1:]}"
        yield Evidence(about=RETIRED, source=pack.retired.source, says=says)
    if draft.events and pack.signature.get("status") == "unconfirmed":
        says = say(language, "planning.signature_unconfirmed", service=pack.name)
        yield Evidence(about=UNCONFIRMED, source=pack.signature.get("source", ""), says=says)


def _source(provider: ProviderChoice, planned: PlannedOperation) -> str:
    if planned.fact and provider.pack:
        return f"{PACK}{provider.pack.id}"
    return f"{provider.document.source}{planned.operation.pointer}"
