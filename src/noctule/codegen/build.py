"""Task, document and pack -> the intermediate form of one integration."""

from __future__ import annotations

import keyword
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.apidoc import ApiDocument, Operation, Schema, sample
from noctule.codegen.answers import Answers
from noctule.codegen.arguments import Arguments
from noctule.codegen.auth import auth_of, sent_names
from noctule.codegen.examples import fit
from noctule.codegen.form import Hook, Integration, Reference, Type, Webhooks, Wrapper
from noctule.codegen.methods import Methods, answer_media, idempotency_headers
from noctule.codegen.names import class_name, free, python_name
from noctule.codegen.prose import sentence
from noctule.codegen.requests import Conventions, Requests
from noctule.codegen.scope import Scope
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

DEFAULT_TIMEOUT = 10.0
DEFAULT_ATTEMPTS = 4
_SECONDS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(ms|s|sec|seconds?|secondes?)\b", re.IGNORECASE)
_WAITS = re.compile(r"\d+(?:[.,]\d+)?\s*m?s(?:\s*,\s*\d+(?:[.,]\d+)?\s*m?s)+")
_ATTEMPTS = re.compile(r"\b(\d{1,2})\s+(?:attempts?|tries|tentatives?|essais?)\b", re.IGNORECASE)


def build(task: IntegrationTask, document: ApiDocument, pack: Pack | None) -> Integration:
    """Everything that a target writes down.

    Raises `Problem` for a file that Python could not import, an operation that the document does
    not have, or several webhook endpoints in one handler.
    """
    if not path_of(task, "wrapper") or not task.methods:
        raise Problem("codegen.wrapper_missing", exit=Exit.USAGE, place=task.service)
    operations = [_operation(document, method.name, method.operation) for method in task.methods]
    auth = auth_of(task, document, operations, pack)
    headers = idempotency_headers(operations)
    scope = Scope(class_name(task.service))
    conventions = Conventions(
        pack,
        pack.idempotency.header if pack and pack.idempotency else next(iter(headers), ""),
        sent_names(auth, document),
        pack.parameters if pack else {},
    )
    subjects = _subjects(task, document, pack)
    answers = Answers(scope, [*_roots(operations), *subjects.values()])
    arguments = Arguments(scope)
    methods = Methods(conventions, answers, Requests(conventions, arguments))
    taken = {"call", "close", "aclose", "config", "base_url"}
    made = tuple(
        methods.build(free((python_name(method.name),), taken), method.does, operation)
        for method, operation in zip(task.methods, operations, strict=True)
    )
    examples = {method.returns: method.answer for method in made}
    webhooks = _webhooks(task, pack, answers, subjects, examples)
    wrapper = Wrapper(
        name=f"{class_name(task.service)}Service",
        slug=task.provider or python_name(task.service),
        service=_one_line(task.service),
        module=module_of(task, "wrapper"),
        base_url=_base_url(document, pack),
        auth=auth,
        idempotency_header=conventions.idempotency_header,
        records=(*answers.records.values(), *arguments.records.values()),
        methods=made,
        timeout=_timeout(task.error_handling.timeout),
        attempts=_attempts(task.error_handling.retry),
        document=_one_line(f"{document.title} {document.version}".strip()),
        pack=pack,
    )
    return Integration(wrapper, webhooks)


def module_of(task: IntegrationTask, role: str) -> str:
    """The dotted name of the module with this role; "" when the task names none."""
    path = path_of(task, role)
    if not path:
        return ""
    pure = PurePosixPath(path)
    parts = pure.with_suffix("").parts
    parts = parts[1:] if parts[:1] == ("src",) and len(parts) > 1 else parts
    if pure.suffix != ".py" or not all(map(_importable, parts)):
        raise Problem("codegen.module_path", exit=Exit.USAGE, place=path, role=role)
    return ".".join(parts)


def path_of(task: IntegrationTask, role: str) -> str:
    return next((file.path for file in task.files if file.role == role), "")


def _importable(part: str) -> bool:
    return part.isidentifier() and not keyword.iskeyword(part)


def _operation(document: ApiDocument, method: str, reference: str) -> Operation:
    found = document.find(reference)
    if found is None:
        raise Problem(
            "codegen.operation_unknown",
            exit=Exit.USAGE,
            place=document.source,
            operation=reference,
            method=method,
        )
    return found


def _roots(operations: Iterable[Operation]) -> list[Schema]:
    medias = (answer_media(operation) for operation in operations)
    return [media.schema for media in medias if media is not None and media.schema is not None]


def _subjects(task: IntegrationTask, document: ApiDocument, pack: Pack | None) -> dict[str, Schema]:
    """Event -> schema of what it is about, where the pack says so and the document has it."""
    facts = pack.events if pack else {}
    return {
        webhook.event: document.schemas[facts[webhook.event].schema]
        for webhook in task.webhooks
        if webhook.event in facts and facts[webhook.event].schema in document.schemas
    }


def _webhooks(
    task: IntegrationTask,
    pack: Pack | None,
    answers: Answers,
    subjects: Mapping[str, Schema],
    examples: Mapping[Type | None, Any],
) -> Webhooks | None:
    module = module_of(task, "webhook")
    if not module or not task.webhooks:
        return None
    endpoints = list(dict.fromkeys(webhook.endpoint for webhook in task.webhooks))
    if len(endpoints) > 1:
        place = path_of(task, "webhook")
        named = ", ".join(endpoints)
        raise Problem("codegen.endpoints_differ", exit=Exit.USAGE, place=place, endpoints=named)
    taken: set[str] = {"receiver", "router", "logger"}
    hooks: list[Hook] = []
    for webhook in task.webhooks:
        schema = subjects.get(webhook.event)
        kind = answers.root(schema, webhook.event) if schema is not None else None
        record = kind.name if isinstance(kind, Reference) else ""
        example = examples.get(kind)
        if example is None:
            example = fit(kind, sample(schema, depth=3), answers.records) if kind and schema else {}
        name = python_name(webhook.event)
        fact = pack.events.get(webhook.event) if pack else None
        doc = sentence(fact.en) if fact else ""
        hooks.append(
            Hook(webhook.event, free((name, f"{name}_event"), taken), doc, record, example)
        )
    secrets = [variable.name for variable in task.env_vars if variable.role == "webhook_secret"]
    if not secrets and pack and pack.webhook and pack.webhook.secret_env:
        secrets = [pack.webhook.secret_env]
    urls = [variable.name for variable in task.env_vars if variable.role == "webhook_url"]
    return Webhooks(
        module=module,
        endpoint=endpoints[0],
        scheme=task.webhooks[0].signature or task.provider,
        secrets=tuple(secrets),
        url=next(iter(urls), ""),
        object_path=pack.webhook.object_path if pack and pack.webhook else "",
        hooks=tuple(hooks),
    )


def _base_url(document: ApiDocument, pack: Pack | None) -> str:
    """Where calls go. The document's own address counts before the pack's: its paths fit it."""
    live = pack.environments["live"].base_url if pack and "live" in pack.environments else ""
    origins = [server.url for server in document.servers if "://" in server.url]
    relative = [server.url for server in document.servers if server.url.startswith("/")]
    if origins:
        return origins[0]
    source = urlsplit(document.source)
    if source.scheme in ("http", "https"):
        return f"{source.scheme}://{source.netloc}{(relative or [''])[0]}"
    if live:
        return live
    return f"https://api.example.com{(relative or [''])[0]}"


def _timeout(text: str) -> float | None:
    found = _SECONDS.search(text)
    if found is None:
        return None
    value = float(found[1].replace(",", ".")) / (1000 if found[2].lower() == "ms" else 1)
    return None if value == DEFAULT_TIMEOUT or value <= 0 else value


def _attempts(text: str) -> int | None:
    """The waits count: n waits stand between n + 1 attempts; else the number that is named."""
    waits = _WAITS.search(text)
    named = _ATTEMPTS.search(text)
    count = len(waits[0].split(",")) + 1 if waits else int(named[1]) if named else DEFAULT_ATTEMPTS
    return None if count == DEFAULT_ATTEMPTS or count < 1 else count


def _one_line(text: str) -> str:
    return sentence(text).rstrip(".") if text else ""
