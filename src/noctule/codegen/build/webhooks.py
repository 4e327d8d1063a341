"""The webhooks of a task -> one handler per event, typed if its object is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.naming.word_split import lower_words
from noctule.codegen.build.examples import ExampleBuilder
from noctule.codegen.model.integration import (
    EventHandler,
    Method,
    Reference,
    Refetch,
    Type,
    Webhooks,
)
from noctule.codegen.model.naming import Naming, free
from noctule.codegen.model.text import sentence
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Schema
    from noctule.codegen.build.event_objects import EventObject
    from noctule.codegen.build.types.responses import ResponseTypes
    from noctule.manifest import IntegrationTask, Webhook
    from noctule.providers import EventFact, Pack
    from noctule.webhooks import Scheme


class HandlerBuilder:
    """Builds handlers that use the records of one service."""

    def __init__(
        self,
        naming: Naming,
        pack: Pack | None,
        answers: ResponseTypes,
        about: Mapping[str, EventObject],
        methods: tuple[Method, ...],
    ) -> None:
        self._pack = pack
        self._answers = answers
        self._about = about
        self._methods = methods
        self._examples: dict[Type | None, Any] = {m.returns: m.response_example for m in methods}
        self._naming = naming
        self._taken = {*naming.handlers}
        self._object_path = pack.webhook.object_path if pack and pack.webhook else ""

    def webhooks(self, task: IntegrationTask, module: str) -> Webhooks:
        """Raises `Problem` for several endpoints: a handler module has one."""
        endpoints = dict.fromkeys(webhook.endpoint for webhook in task.webhooks)
        if len(endpoints) > 1:
            names = ", ".join(endpoints)
            raise Problem(
                "codegen.endpoints_differ", exit=Exit.USAGE, place=module, endpoints=names
            )
        if task.webhooks[0].refetch:
            return self._hints(task, module)
        scheme = _verifiable(task.webhooks[0].signature or task.provider)
        fact = self._pack.webhook if self._pack else None
        secrets = _variables(task, "webhook_secret")
        if not secrets and fact and fact.secret_env:
            secrets = (fact.secret_env,)
        return Webhooks(
            module=module,
            endpoint=task.webhooks[0].endpoint,
            scheme=scheme.provider,
            secrets=secrets,
            url=next(iter(_variables(task, "webhook_url")), ""),
            handlers=tuple(self._handler(webhook.event) for webhook in task.webhooks),
            unconfirmed=scheme.status == "unconfirmed",
        )

    def _hints(self, task: IntegrationTask, module: str) -> Webhooks:
        """Webhooks that are not signed: one handler for all. Raises `Problem` if the operation that
        reads the object is not one of the methods, or for an id without a strict shape."""
        [webhook, *_] = task.webhooks
        verb, _, path = webhook.refetch.partition(" ")
        readers = [m for m in self._methods if (m.verb, m.path) == (verb, path)]
        if not readers:
            raise Problem(
                "codegen.no_reader", exit=Exit.USAGE, place=module, operation=webhook.refetch
            )
        example = _example_id(webhook, readers[0], task.provider)
        name = self._naming.member("object_changed")
        return Webhooks(
            module=module,
            endpoint=webhook.endpoint,
            scheme="",
            secrets=(),
            url="",
            handlers=(EventHandler("*", name, "The object may have changed.", "", "", {}),),
            refetch=Refetch(
                task.provider, webhook.id, webhook.shape, readers[0].full_name, example
            ),
        )

    def _handler(self, event: str) -> EventHandler:
        event_object = self._about.get(event)
        schema = event_object.schema if event_object else None
        kind: Type | None = None
        if schema is not None:
            doc = f"Object of the event `{event}`."
            kind = self._answers.root(schema, "_".join(lower_words(event)), doc)
        example = self._examples.get(kind)
        if example is None:
            plain: dict[str, Any] = {}
            example = plain if kind is None or schema is None else self._sampled(kind, schema)
        name = self._naming.member(event)
        fact = _facts(self._pack).get(event)
        return EventHandler(
            event=event,
            name=free((name, self._naming.member(f"{event}_event")), self._taken),
            doc=sentence(fact.en) if fact else "",
            record=kind.name if isinstance(kind, Reference) else "",
            at=event_object.at if event_object else self._object_path,
            example=example,
        )

    def _sampled(self, kind: Type, schema: Schema) -> Any:
        return ExampleBuilder(self._answers.records).value(kind, schema)


def _example_id(webhook: Webhook, reader: Method, provider: str) -> str:
    """An id of the task's shape: the document's own example, else one that is made up.

    Raises `Problem` for a position or a shape that `RefetchReceiver` does not take.
    """
    from noctule.apidoc.values.patterns import example
    from noctule.webhooks import WebhookError
    from noctule.webhooks.receiving.refetch import checked_locator, strict_pattern

    try:
        checked_locator(webhook.id, provider)
        shape = strict_pattern(webhook.shape, provider)
    except WebhookError as error:
        raise Problem("codegen.loose_shape", exit=Exit.USAGE, place=provider, cause=error) from None
    documented = [str(param.example) for param in reader.params if param.required]
    texts = (*documented, example(webhook.shape, least=6) or "", example(webhook.shape) or "")
    fitting = next((text for text in texts if shape.fullmatch(text)), None)
    if fitting is None:
        cause = f"no id was found for the shape {webhook.shape}"
        raise Problem("codegen.loose_shape", exit=Exit.USAGE, place=provider, cause=cause)
    return fitting


def _verifiable(name: str) -> Scheme:
    """A signature scheme. Raises `Problem` if webhooks cannot be verified."""
    from noctule.webhooks import WebhookError, scheme_of

    try:
        return scheme_of(name)
    except (LookupError, WebhookError) as error:
        raise Problem("codegen.unverifiable", exit=Exit.REFUSED, place=name) from error


def _facts(pack: Pack | None) -> Mapping[str, EventFact]:
    return pack.events if pack else {}


def _variables(task: IntegrationTask, role: str) -> tuple[str, ...]:
    return tuple(variable.name for variable in task.env_vars if variable.role == role)
