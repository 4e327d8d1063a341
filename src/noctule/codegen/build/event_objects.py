"""The object of each event of a task, as the document describes it.

There are three sources: the schema that the pack names; the document's `webhooks` and the
`callbacks` of the planned operations; and the event's name, if the pack says that events are named
after their object. Other events stay untyped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, Schema
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack, WebhookFact


@dataclass(frozen=True)
class EventObject:
    """The schema of an object, and the dotted path to it in the event; "" for the whole event.

    `part` is the member that a whole event is named after, if any: the issue of `issues.opened`.
    """

    schema: Schema
    at: str
    part: Schema | None = None

    @property
    def roots(self) -> tuple[Schema, ...]:
        """The schemas that are typed field by field."""
        return (self.schema, self.part) if self.part else (self.schema,)


def event_objects(
    task: IntegrationTask,
    document: ApiDocument,
    pack: Pack | None,
    operations: Iterable[ApiOperation],
) -> dict[str, EventObject]:
    """Event -> its object, for the events whose object is known."""
    schemas = _unambiguous(document.schemas)
    deliveries = {} if _is_batch(pack) else dict(_deliveries(document, operations))
    fact = pack.webhook if pack else None
    objects: dict[str, EventObject] = {}
    for event in dict.fromkeys(webhook.event for webhook in task.webhooks):
        fact_of_event = pack.events.get(event) if pack else None
        object_schema = _by_name(event, schemas, fact)
        if (
            fact_of_event
            and fact_of_event.schema
            and (schema := schemas.get(_bare(fact_of_event.schema)))
        ):
            objects[event] = EventObject(schema, fact.object_path if fact else "")
        elif whole := deliveries.get(_bare(event)):
            objects[event] = EventObject(whole, "", _named(event, whole))
        elif fact and object_schema:
            objects[event] = EventObject(object_schema, fact.object_path)
    return objects


def _deliveries(
    document: ApiDocument, operations: Iterable[ApiOperation]
) -> Iterator[tuple[str, Schema]]:
    """The requests that the provider sends, by name and by operationId: "issues-opened" is
    `issues.opened`."""
    deliveries = list(document.webhooks.items())
    for operation in operations:
        deliveries += [
            (key.partition(" ")[0], delivery) for key, delivery in operation.callbacks.items()
        ]
    for name, delivery in deliveries:
        schema = _body(delivery)
        if schema is not None:
            yield _bare(delivery.operation_id), schema
            yield _bare(name), schema


def _body(operation: ApiOperation) -> Schema | None:
    media = operation.body.media.values() if operation.body else ()
    return next((representation.schema for representation in media if representation.is_json), None)


def _by_name(event: str, schemas: Mapping[str, Schema], fact: WebhookFact | None) -> Schema | None:
    """The object of `charge.dispute.created` is a `charge.dispute`, else a `dispute`."""
    if fact is None or not fact.named_after_object:
        return None
    words = event.split(".")[:-1]
    names = (_bare(".".join(words[start:])) for start in range(len(words)))
    return next((schemas[name] for name in names if name in schemas), None)


def _named(event: str, whole: Schema) -> Schema | None:
    """The member that an event is named after, in singular or plural."""
    words = _bare(event.rpartition(".")[0])
    members = {_bare(name): schema for name, schema in whole.properties.items()}
    return members.get(words) or members.get(words.removesuffix("s"))


def _unambiguous(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Schemas by bare name, without names that differ only in spelling."""
    by_name: dict[str, Schema] = {}
    twice: set[str] = set()
    for name, schema in schemas.items():
        bare = _bare(name)
        twice |= {bare} & by_name.keys()
        by_name[bare] = schema
    return {name: schema for name, schema in by_name.items() if name not in twice}


def _bare(name: str) -> str:
    """A name without case and separators: `PaymentIntent` is `payment_intent`."""
    return re.sub(r"[\W_]+", "", name).lower()


def _is_batch(pack: Pack | None) -> bool:
    """Whether one delivery contains several events."""
    return bool(pack and pack.signature and pack.signature.get("batch"))
