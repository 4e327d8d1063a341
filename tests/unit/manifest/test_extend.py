"""A second request extends a task and loses nothing of the first."""

from __future__ import annotations

from noctule.manifest import DocumentRef, EnvVar, IntegrationTask, PlannedMethod, Webhook
from noctule.manifest.extend import extend_task


def method(name: str, operation: str, does: str = "") -> PlannedMethod:
    return PlannedMethod(name=name, does=does, operation=operation)


CURRENT = IntegrationTask(
    service="Shop",
    env_vars=[EnvVar(name="KEY", description="edited by the user")],
    methods=[method("get_order", "GET /orders/{id}", "edited by the user")],
    webhooks=[Webhook(event="order.paid", endpoint="/own/path")],
    request="Read orders",
    document=DocumentRef(source="a.json", sha256="1"),
)


def test_the_users_edits_stay_and_new_parts_come_after() -> None:
    new = IntegrationTask(
        service="Shop",
        env_vars=[EnvVar(name="KEY", description=""), EnvVar(name="SECRET", description="")],
        methods=[method("get_order", "GET /orders/{id}"), method("refund", "POST /refunds")],
        webhooks=[Webhook(event="order.paid", endpoint="/api/webhooks/shop")],
        request="Refund orders",
        document=DocumentRef(source="a.json", sha256="2"),
    )
    task = extend_task(CURRENT, new)
    assert task.env_vars == [CURRENT.env_vars[0], new.env_vars[1]]
    assert task.methods == [CURRENT.methods[0], new.methods[1]]
    assert task.webhooks == CURRENT.webhooks
    assert task.request == "Read orders"
    assert task.document.sha256 == "2"


def test_a_name_that_is_in_use_gets_the_http_method() -> None:
    new = IntegrationTask(service="Shop", methods=[method("get_order", "POST /orders/find")])
    assert [m.name for m in extend_task(CURRENT, new).methods] == ["get_order", "get_order_post"]


def test_the_same_request_again_changes_nothing() -> None:
    assert extend_task(CURRENT, CURRENT) == CURRENT
