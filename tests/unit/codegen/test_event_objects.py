"""What events are about: said by the pack, by the document's own deliveries, or by their names."""

import json
from typing import Any

import msgspec

from noctule import apidoc
from noctule.codegen.build.event_objects import EventObject, event_objects
from noctule.manifest import IntegrationTask, Webhook
from noctule.providers import Pack, pack

OBJECT = {"type": "object", "properties": {"id": {"type": "string"}}}


def delivery(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return {"post": {"requestBody": body, "responses": {}, **more}}


def about(
    known: Pack, *events: str, schemas: dict[str, Any], **document: Any
) -> dict[str, EventObject]:
    text = json.dumps(
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}
        | {"components": {"schemas": schemas}} | document
    )  # fmt: skip
    read = apidoc.parse(text.encode(), source="test")
    task = IntegrationTask(
        service="t", webhooks=[Webhook(event=event, endpoint="/hooks") for event in events]
    )
    return event_objects(task, read, known, read.operations.values())


def test_a_schema_is_known_however_it_is_spelt() -> None:
    found = about(
        pack("stripe"), "payment_intent.succeeded", "customer.subscription.updated",
        "charge.dispute.created", "payout.paid", "account.updated",
        schemas={"payment_intent": OBJECT, "Subscription": OBJECT, "dispute": OBJECT,
                 "payout": OBJECT, "Payout": OBJECT, "charge": OBJECT},
    )  # fmt: skip
    assert {event: (found[event].schema.name, found[event].at) for event in found} == {
        "payment_intent.succeeded": ("payment_intent", "data.object"),
        "customer.subscription.updated": ("Subscription", "data.object"),
        "charge.dispute.created": ("dispute", "data.object"),
    }


def test_a_name_says_nothing_where_the_pack_does_not_say_so() -> None:
    silent = pack("github")
    assert about(silent, "issues.opened", schemas={"issues": OBJECT}) == {}


def test_the_deliveries_of_a_document_are_whole_events() -> None:
    issue = OBJECT | {"properties": {"title": {"type": "string"}}}
    whole = {"type": "object", "properties": {"issue": issue, "action": {"type": "string"}}}
    found = about(
        pack("github"), "issues.opened", "push", "fork", schemas={},
        webhooks={"issues-opened": delivery(whole), "x": delivery(OBJECT, operationId="push")},
    )  # fmt: skip
    assert found.keys() == {"issues.opened", "push"}
    assert found["issues.opened"].at == ""
    assert [list(root.properties) for root in found["issues.opened"].roots] == [
        ["issue", "action"],
        ["title"],
    ]


def test_callbacks_of_planned_operations_count_and_batches_do_not() -> None:
    called = {"orderPaid": {"{$request.body#/url}": delivery(OBJECT)}}
    paths = {"/orders": {"post": {"responses": {}, "callbacks": called}}}
    found = about(pack("github"), "order.paid", schemas={}, paths=paths)
    assert found["order.paid"].schema.properties.keys() == {"id"}
    batched = msgspec.structs.replace(pack("github"), signature={"batch": "body:events"})
    assert about(batched, "order.paid", schemas={}, paths=paths) == {}
