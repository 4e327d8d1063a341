"""The integration task of what was chosen: files, variables, methods, webhooks, promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.apidoc.credentials import credentials
from noctule.apidoc.naming.operation_names import OperationNames
from noctule.checks.gates import PACK
from noctule.checks.retry_text import TIMEOUT, retry_text
from noctule.manifest import (
    DocumentRef,
    EnvVar,
    ErrorHandling,
    Evidence,
    IntegrationTask,
    PlannedFile,
    PlannedMethod,
    Webhook,
)
from noctule.messages import say
from noctule.planning.language.verbs import verb_class
from noctule.planning.select.naming import method_name
from noctule.text import one_line

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation
    from noctule.manifest import RefusedPart
    from noctule.messages import Language
    from noctule.planning.language.request import Request
    from noctule.planning.select.provider_choice import Subject
    from noctule.project.layout import Layout
    from noctule.providers import Need, OperationFact

_WEBHOOK_ROLES = frozenset({"webhook_secret", "webhook_url"})


@dataclass(frozen=True)
class Chosen:
    """One operation to plan, and the catalogue message that says why."""

    operation: ApiOperation
    fact: OperationFact | None
    why: str
    detail: str = ""

    def reason(self, language: Language) -> str:
        return say(language, f"planning.why_{self.why}", detail=self.detail)


@dataclass(frozen=True)
class Outline:
    """All that was decided, before it is written down."""

    subject: Subject
    request: Request
    need: Need | None
    chosen: tuple[Chosen, ...]
    events: tuple[str, ...]
    refusal: RefusedPart | None
    accepted: str
    whole: bool = False
    """Whether every operation of the document is wrapped, `chosen` or not."""


@dataclass(frozen=True)
class ChoiceReason:
    method: str
    operation: str
    why: str
    source: str
    """ "pack:stripe", or the document and the operation's place in it."""


def compose(outline: Outline, layout: Layout) -> tuple[IntegrationTask, tuple[ChoiceReason, ...]]:
    """The task, and why each of its methods is there."""
    subject, language = outline.subject, outline.request.language
    methods = _methods(outline)
    reasons = tuple(
        ChoiceReason(
            method.name, method.operation, chosen.reason(language), _source(subject, chosen)
        )
        for method, chosen in zip(methods, outline.chosen, strict=True)
    )
    tests = f"{layout.tests}/test_{subject.slug}_service.py"
    document = subject.document
    pack = subject.pack
    facts = pack.document if pack and document.source.startswith(PACK) else None
    task = IntegrationTask(
        service=subject.name,
        files=_files(outline, layout, tests),
        env_vars=_env_vars(outline),
        methods=methods,
        webhooks=_webhooks(outline),
        error_handling=error_handling(language),
        tests=tests,
        request=outline.request.text,
        language=language,
        provider=subject.pack.id if subject.pack else subject.slug,
        need=outline.need.id if outline.need else "",
        target=layout.framework.id,
        scope="whole" if outline.whole else "",
        document=DocumentRef(
            source=document.source,
            sha256=document.sha256,
            version=document.version,
            compared=facts.compared if facts else "",
            compared_with=facts.compared_with if facts else "",
        ),
        accepted_incomplete=outline.accepted,
        refused=[outline.refusal] if outline.refusal else [],
        evidence=[
            *(Evidence(about=f"methods.{r.method}", source=r.source, says=r.why) for r in reasons),
            *_unconfirmed(outline),
        ],
    )
    return task, reasons


def error_handling(language: Language) -> ErrorHandling:
    """What the runtime promises, in words."""
    return ErrorHandling(
        retry=retry_text(language),
        fallback=say(language, "planning.fallback"),
        timeout=TIMEOUT,
        circuit_breaker=say(language, "planning.circuit_breaker"),
    )


def _files(outline: Outline, layout: Layout, tests: str) -> list[PlannedFile]:
    language, slug = outline.request.language, outline.subject.slug
    files = [
        PlannedFile(
            path=f"{layout.services}/{slug}_service.py",
            purpose=say(language, "planning.file_wrapper", service=outline.subject.name),
            role="wrapper",
        )
    ]
    if outline.events:
        purpose = say(language, "planning.file_webhook")
        files.append(
            PlannedFile(path=f"{layout.webhooks}/{slug}.py", purpose=purpose, role="webhook")
        )
    files.append(
        PlannedFile(path=tests, purpose=say(language, "planning.file_tests"), role="tests")
    )
    if not layout.app and (outline.events or layout.framework.always_has_app):
        purpose = say(language, "planning.file_app", framework=layout.framework.name)
        files.append(PlannedFile(path=layout.new_app, purpose=purpose, role="app"))
    return files


def _env_vars(outline: Outline) -> list[EnvVar]:
    """Those of the pack; of the document where no pack says how to authenticate."""
    pack = outline.subject.pack
    if pack is None:
        return _of_document(outline)
    known = [
        EnvVar(
            name=fact.name,
            description=fact.label(outline.request.language),
            role=fact.role,
            required=fact.required,
            source="pack",
        )
        for fact in pack.env
        if outline.events or (pack.auth and fact.role not in _WEBHOOK_ROLES)
    ]
    if pack.auth is not None:
        return known
    names = {variable.name for variable in known}
    return [*(v for v in _of_document(outline) if v.name not in names), *known]


def _of_document(outline: Outline) -> list[EnvVar]:
    subject, language = outline.subject, outline.request.language
    operations = [chosen.operation for chosen in outline.chosen]
    if outline.whole:
        operations = list(subject.document.operations.values())
    return [
        EnvVar(
            name=credential.env,
            description=say(language, f"planning.env_{credential.role}", service=subject.name),
            role=credential.role,
            source="document",
        )
        for credential in credentials(subject.document, operations, subject.slug.upper())
    ]


def _methods(outline: Outline) -> list[PlannedMethod]:
    methods: list[PlannedMethod] = []
    taken: set[str] = {chosen.fact.name for chosen in outline.chosen if chosen.fact}
    names = OperationNames(outline.subject.document.operations.values())
    for chosen in outline.chosen:
        name = chosen.fact.name if chosen.fact else method_name(chosen.operation, taken, names)
        taken.add(name)
        methods.append(
            PlannedMethod(
                name=name,
                does=_does(chosen, outline.request.language),
                operation=chosen.operation.key,
                source="pack" if chosen.fact else "document",
            )
        )
    return methods


def _does(chosen: Chosen, language: Language) -> str:
    """The pack's words; the document's, which are in one language only, under a French verb."""
    if chosen.fact:
        return chosen.fact.label(language)
    operation = chosen.operation
    said = one_line(operation.summary or operation.description) or operation.key
    kind = verb_class(operation)
    return said if language == "en" else say("fr", f"planning.does_{kind}", said=said)


def _webhooks(outline: Outline) -> list[Webhook]:
    pack = outline.subject.pack
    if pack is None or pack.webhook is None:
        return []
    endpoint = f"/api/webhooks/{pack.webhook.endpoint_slug}"
    return [
        Webhook(event=event, endpoint=endpoint, signature=pack.id, source="pack")
        for event in outline.events
    ]


def _unconfirmed(outline: Outline) -> list[Evidence]:
    """A warning where nobody has tried the signature scheme on a real delivery."""
    pack = outline.subject.pack
    if pack is None or not outline.events or pack.signature.get("status") != "unconfirmed":
        return []
    says = say(outline.request.language, "planning.signature_unconfirmed", service=pack.name)
    return [Evidence(about="webhooks", source=f"{PACK}{pack.id}", says=says)]


def _source(subject: Subject, chosen: Chosen) -> str:
    if chosen.fact and subject.pack:
        return f"{PACK}{subject.pack.id}"
    return f"{subject.document.source}{chosen.operation.pointer}"
