"""Task, document and pack -> the model of one integration."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from noctule.apidoc.address import is_cleartext
from noctule.apidoc.naming.word_split import lower_words
from noctule.apidoc.servers import SERVER_ROLE, ServiceAddresses
from noctule.checks.failures import failure_of, without_failure
from noctule.checks.gates import PACK
from noctule.codegen.build.auth import (
    Authentications,
    auth_of,
    secrets_of,
    sent_names,
    variable_prefix,
)
from noctule.codegen.build.event_objects import event_objects
from noctule.codegen.build.formats import in_other_formats
from noctule.codegen.build.methods import (
    MethodBuilder,
    answer_media,
    idempotency_headers,
    main_media,
    other_successes,
)
from noctule.codegen.build.requests import Conventions, ParameterBuilder
from noctule.codegen.build.resources import (
    MethodPlace,
    in_resources,
    method_places,
    without_clashes,
)
from noctule.codegen.build.types.arguments import ArgumentTypes
from noctule.codegen.build.types.renaming import with_names
from noctule.codegen.build.types.responses import ResponseTypes
from noctule.codegen.build.webhooks import HandlerBuilder
from noctule.codegen.model.integration import (
    AddressPart,
    Integration,
    Method,
    Webhooks,
    Wrapper,
    full_name,
)
from noctule.codegen.model.name_allocator import NameAllocator
from noctule.codegen.model.naming import Naming, free
from noctule.codegen.model.text import sentence
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation, Schema
    from noctule.manifest import IntegrationTask
    from noctule.providers import FailureFact, Pack

BEARERS = frozenset({"bearer", "client_credentials", "refresh_token"})
DEPTHS = ("0", "1", "2", "3")
DEFAULT_TIMEOUT = 10.0
DEFAULT_ATTEMPTS = 4
_SECONDS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(ms|s|sec|seconds?|secondes?)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_WAITS = re.compile(r"\d+(?:[.,]\d+)?\s*m?s(?:\s*,\s*\d+(?:[.,]\d+)?\s*m?s)+")
_ATTEMPTS = re.compile(r"\b(\d{1,2})\s+(?:attempts?|tries|tentatives?|essais?)\b", re.IGNORECASE)


def build(
    task: IntegrationTask,
    document: ApiDocument,
    pack: Pack | None,
    naming: Naming,
    *,
    asynchronous: bool = True,
) -> Integration:
    """The model that a target renders.

    Raises `Problem` for a file that cannot be imported, an operation that the document does not
    have, several webhook endpoints in one handler, or unsigned webhooks without an address.
    """
    places = _places(task, document, naming)
    operations = [place.operation for place in places]
    auth = auth_of(task, document, operations, pack)
    addresses = _addresses(task, document, operations)
    titles = {p.resource: naming.resource_type(p.resource) for p in places if p.resource}
    allocator = _allocator(task, naming, places, titles.values())
    conventions = _conventions(document, pack, auth, operations)
    _check_variables(name for way in auth for name in secrets_of(way))
    objects = event_objects(task, document, pack, operations)
    roots = chain(_roots(operations), *(event_object.roots for event_object in objects.values()))
    answers = ResponseTypes(naming, allocator, roots, _depth(task))
    names = {place.operation.key: full_name(place.resource, place.name) for place in places}
    called = {place.label or place.name: names[place.operation.key] for place in places}
    arguments = ArgumentTypes(naming, allocator, called)
    requests = ParameterBuilder(naming, conventions, arguments)
    methods = MethodBuilder(conventions, answers, requests, names)
    built = (_placed(methods.build(place), place.operation, addresses, auth) for place in places)
    all_methods = without_clashes(in_other_formats(built, operations, naming))
    handlers = HandlerBuilder(naming, pack, answers, objects, all_methods)
    webhooks = _webhooks(task, handlers, naming)
    _check_webhooks(webhooks, document, pack)
    base_url, others = addresses.base_url or _live(pack), addresses.by_name
    wrapper = Wrapper(
        name=naming.service_type(task.service),
        slug=task.provider or "_".join(lower_words(task.service)) or "service",
        service=_one_line(task.service),
        module=module_of(task, "wrapper", naming),
        base_url=base_url,
        allow_plain_http=_accepts_cleartext(task, [base_url, *others.values()], auth),
        auth=auth.main,
        schemes=auth.schemes,
        certificate=auth.certificate,
        servers=others,
        address_parts=_address_parts(addresses, naming),
        sandbox=task.sandbox or _environment(pack, "sandbox"),
        base_path="" if base_url else document.base_path,
        idempotency_header=conventions.idempotency_header,
        records=(*answers.records.values(), *arguments.records.values()),
        methods=all_methods,
        timeout=_timeout(task.error_handling.timeout),
        attempts=_attempts(task.error_handling.retry),
        document=_one_line(f"{document.title} {document.version}".strip()),
        pack=pack,
        asynchronous=asynchronous,
    )
    wrapper = with_names(_with_failure(wrapper, failure_of(task, pack)), allocator.shared_choices())
    return Integration(in_resources(wrapper, titles, naming), webhooks)


def _allocator(
    task: IntegrationTask, naming: Naming, places: list[MethodPlace], titles: Iterable[str]
) -> NameAllocator:
    constants = (naming.constant(place.name) for place in places)
    return NameAllocator(naming, task.service, [*constants, *titles])


def _with_failure(wrapper: Wrapper, failure: FailureFact | None) -> Wrapper:
    """The wrapper, with examples of responses that report no failure."""
    if failure is None:
        return wrapper
    methods = [
        replace(method, response_example=without_failure(failure, method.response_example))
        for method in wrapper.methods
    ]
    return replace(wrapper, failure=failure, methods=tuple(methods))


def _placed(
    method: Method, operation: ApiOperation, addresses: ServiceAddresses, auth: Authentications
) -> Method:
    """The method with the names of its server and of its scheme."""
    scheme = auth.names.get(operation.key, "")
    return replace(method, server=addresses.name_of(operation), auth=scheme)


def _webhooks(task: IntegrationTask, handlers: HandlerBuilder, naming: Naming) -> Webhooks | None:
    module = module_of(task, "webhook", naming)
    return handlers.webhooks(task, module) if module and task.webhooks else None


def _check_webhooks(webhooks: Webhooks | None, document: ApiDocument, pack: Pack | None) -> None:
    """Raises `Problem` for a bad variable, and for hints without an address to read from."""
    if webhooks is None:
        return
    _check_variables([*webhooks.secrets, *filter(None, [webhooks.url])])
    if webhooks.refetch and not (document.base_url or _live(pack)):
        raise Problem("codegen.no_server", exit=Exit.USAGE, place=document.source)


def _conventions(
    document: ApiDocument,
    pack: Pack | None,
    auth: Authentications,
    operations: Iterable[ApiOperation],
) -> Conventions:
    """What is true for every operation; the idempotency header is the pack's or the document's."""
    headers = idempotency_headers(operations)
    return Conventions(
        pack,
        pack.idempotency.header if pack and pack.idempotency else next(iter(headers), ""),
        sent_names(auth, document),
        pack.parameters if pack else {},
        bearer=any(part.kind in BEARERS for way in auth for part in (way, *way.parts)),
        of_pack=document.source.startswith(PACK),
    )


def _places(task: IntegrationTask, document: ApiDocument, naming: Naming) -> list[MethodPlace]:
    """The operations that the task names, or all of the document."""
    if not path_of(task, "wrapper") or not (task.methods or task.scope):
        raise Problem("codegen.wrapper_missing", exit=Exit.USAGE, place=task.service)
    operations = [_operation(document, method.name, method.operation) for method in task.methods]
    if task.scope == "whole":
        pairs = zip(operations, task.methods, strict=True)
        task_names = {operation.key: method.name for operation, method in pairs}
        return method_places(document.operations.values(), task_names, naming)
    names_in_use = {*naming.service}
    names = [free((naming.member(method.name),), names_in_use) for method in task.methods]
    does = [method.does for method in task.methods]
    return [
        MethodPlace(op, "", name, text)
        for op, name, text in zip(operations, names, does, strict=True)
    ]


def _depth(task: IntegrationTask) -> int:
    """How many levels of nested objects in a response are typed."""
    if not task.depth:
        return 1
    if task.depth not in DEPTHS:
        raise Problem("codegen.depth", exit=Exit.USAGE, place=task.depth, most=DEPTHS[-1])
    return int(task.depth)


def _check_variables(names: Iterable[str]) -> None:
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise Problem("codegen.variable_name", exit=Exit.USAGE, place=name)


def module_of(task: IntegrationTask, role: str, naming: Naming) -> str:
    """The path of the module with this role; "" when the task names none."""
    path = path_of(task, role)
    module = naming.module(path) if path else ""
    if path and not module:
        raise Problem("codegen.module_path", exit=Exit.USAGE, place=path, role=role)
    return module


def path_of(task: IntegrationTask, role: str) -> str:
    return next((file.path for file in task.files if file.role == role), "")


def _operation(document: ApiDocument, method: str, reference: str) -> ApiOperation:
    operation = document.operations.get(reference) or document.find(reference)
    if operation is None:
        raise Problem(
            "codegen.operation_unknown",
            exit=Exit.USAGE,
            place=document.source,
            operation=reference,
            method=method,
        )
    return operation


def _roots(operations: Iterable[ApiOperation]) -> list[Schema]:
    operations = tuple(operations)
    medias = [answer_media(operation) for operation in operations]
    medias += [main_media(r) for operation in operations for _, r in other_successes(operation)]
    return [media.schema for media in medias if media is not None and media.schema is not None]


def _addresses(
    task: IntegrationTask, document: ApiDocument, operations: list[ApiOperation]
) -> ServiceAddresses:
    """Where the operations are. The base URL is the document's, which fits its paths, else the
    pack's; "" if there is none: it is not invented, the caller has to pass one."""
    taken = [variable.name for variable in task.env_vars if variable.role != SERVER_ROLE]
    return ServiceAddresses(document, operations, variable_prefix(task), taken)


def _address_parts(addresses: ServiceAddresses, naming: Naming) -> tuple[AddressPart, ...]:
    used = {*naming.constructor}
    return tuple(
        AddressPart(
            name=free((naming.member(setting.name), f"server_{setting.name}"), used),
            key=setting.name,
            variable=setting.env,
            default=setting.variable.default,
            values=setting.variable.values,
            doc=_one_line(setting.variable.description),
            example=setting.variable.example,
        )
        for setting in addresses.settings
    )


def _live(pack: Pack | None) -> str:
    return _environment(pack, "live")


def _environment(pack: Pack | None, name: str) -> str:
    return pack.environments[name].base_url if pack and name in pack.environments else ""


def _accepts_cleartext(task: IntegrationTask, servers: list[str], auth: Authentications) -> bool:
    """Whether credentials go over http://, which the user has accepted with a reason."""
    parts = (part for way in auth for part in (way, *way.parts))
    urls = [*servers, *(part.settings.get("url", "") for part in parts)]
    return bool(task.accepted_incomplete) and any(map(is_cleartext, urls))


def _timeout(text: str) -> float | None:
    match = _SECONDS.search(text)
    if match is None:
        return None
    value = float(match[1].replace(",", ".")) / (1000 if match[2].lower() == "ms" else 1)
    return None if value == DEFAULT_TIMEOUT or value <= 0 else value


def _attempts(text: str) -> int | None:
    """n listed waits make n + 1 attempts; without waits, the number of attempts in the text."""
    waits = _WAITS.search(text)
    attempts = _ATTEMPTS.search(text)
    count = (
        len(waits[0].split(",")) + 1
        if waits
        else int(attempts[1])
        if attempts
        else DEFAULT_ATTEMPTS
    )
    return None if count == DEFAULT_ATTEMPTS or count < 1 else count


def _one_line(text: str) -> str:
    return sentence(text).rstrip(".") if text else ""
