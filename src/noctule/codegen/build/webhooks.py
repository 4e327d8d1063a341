"""The webhooks of a task -> one handler per event, typed if its object is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.naming.word_split import lower_words
from noctule.codegen.build.examples import ExampleBuilder
from noctule.codegen.model.integration import EventHandler, Method, Reference, Type, Webhooks
from noctule.codegen.model.naming import Naming, free
from noctule.codegen.model.text import sentence
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Schema
    from noctule.codegen.build.event_objects import EventObject
    from noctule.codegen.build.types.responses import ResponseTypes
    from noctule.manifest import IntegrationTask
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
