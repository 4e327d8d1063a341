"""`--unsigned refetch`: webhooks that are not signed, received as hints."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from noctule import apidoc, providers
from noctule.planning import plan
from noctule.planning.refetch import SHAPES
from noctule.problem import Problem
from noctule.project.layout import Layout
from noctule.webhooks import Refused, scheme_of
from support.command_line import command
from support.project_modules import import_from

if TYPE_CHECKING:
    from pathlib import Path

PAYMENT = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "status": {"type": "string"}},
}


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": "ok", "content": {"application/json": {"schema": schema}}},
        **{status: {"description": "no"} for status in ("401", "404", "422", "429", "500")},
    }


def parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def document(schema: dict[str, Any] | None = None, **paths: Any) -> dict[str, Any]:
    """An API of payments, read by an id with a schema, and of what else is given."""
    one = parameter("paymentId", schema or {"type": "string"})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme API", "version": "1"},
        "servers": [{"url": "https://api.acme.example/v1"}],
        "security": [{"bearer": []}],
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/payments": {
                "get": {
                    "operationId": "listPayments",
                    "summary": "List payments",
                    "responses": answer({"type": "array", "items": PAYMENT}),
                }
            },
            "/payments/{paymentId}": {
                "get": {
                    "operationId": "getPayment",
                    "summary": "Get a payment",
                    "parameters": [one],
                    "responses": answer(PAYMENT),
                }
            },
            **paths,
        },
    }


def webhook_of(text: str, source: dict[str, Any], **options: Any) -> Any:
    parsed = apidoc.parse(json.dumps(source).encode(), source="acme.json")
    result = plan(text, layout=Layout(), document=parsed, unsigned_webhooks="refetch", **options)
    assert result.task is not None
    assert result.task.refused == []
    [webhook] = result.task.webhooks
    return webhook


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, "[A-Za-z0-9_-]{1,64}"),
        ({"type": "integer"}, "[0-9]{1,19}"),
        ({"type": "string", "format": "uuid"}, SHAPES["uuid"]),
    ],
)  # fmt: skip
def test_the_operation_that_reads_the_object_is_planned(schema: dict[str, Any], shape: str) -> None:
    webhook = webhook_of("Receive the webhooks of Acme about payments", document(schema))
    assert (webhook.refetch, webhook.id, webhook.shape) == (
        "GET /payments/{paymentId}",
        "body:id",
        shape,
    )


def test_the_request_or_the_user_chooses_among_several() -> None:
    refund = {
        "operationId": "getRefund",
        "summary": "Get a refund",
        "parameters": [parameter("refundId", {"type": "string"})],
        "responses": answer(PAYMENT),
    }
    source = document(**{"/refunds/{refundId}": {"get": refund}})
    assert webhook_of("Receive webhooks about refunds", source).refetch == "GET /refunds/{refundId}"
    chosen = webhook_of("Receive webhooks", source, operations=["getPayment"])
    assert chosen.refetch == "GET /payments/{paymentId}"
    with pytest.raises(Problem) as caught:
        webhook_of("Receive webhooks", source)
    assert caught.value.key == "planning.no_reader"


def test_an_operation_that_needs_more_than_an_id_is_not_planned() -> None:
    source = document()
    reader = source["paths"].pop("/payments/{paymentId}")["get"]
    reader["parameters"].append(parameter("account", {"type": "string"}))
    source["paths"]["/accounts/{account}/payments/{paymentId}"] = {"get": reader}
    with pytest.raises(Problem) as caught:
        webhook_of("Receive webhooks about payments", source)
    assert caught.value.key == "planning.no_reader"


def test_a_pack_knows_where_the_id_is() -> None:
    webhook = webhook_of("Receive webhooks", document(), provider="mollie-classic")
    fact = providers.pack("mollie-classic").unsigned
    assert fact is not None
    assert (webhook.id, webhook.shape) == (fact.id, fact.shape)
    nested = webhook_of("Receive webhooks", document(), provider="okta")
    assert nested.id == "body:data.events.*.uuid"


@pytest.mark.parametrize("name", [n for n, p in providers.packs().items() if p.unsigned])
def test_the_refusal_names_the_way_in(name: str) -> None:
    with pytest.raises(Refused, match="RefetchReceiver"):
        scheme_of(name)


def test_the_refusal_of_a_plan_names_the_option(project: Path) -> None:
    (project / "acme.json").write_text(json.dumps(document()))
    for language in ("en", "fr"):
        done = command(project, "plan", "Receive webhooks from Postmark", "--lang", language)
        assert done.code == 3
        assert "--unsigned refetch" in done.err


@pytest.mark.parametrize("target", ["fastapi", "flask", "django", "plain"])
def test_what_is_generated_works(project: Path, target: str) -> None:
    (project / "acme.json").write_text(json.dumps(document()))
    request = ("Read payments from Acme and receive its webhooks", "--doc", "acme.json")
    done = command(
        project, "integrate", *request, "--unsigned", "refetch", "--target", target,
        "--accept-incomplete", "a test",
    )  # fmt: skip
    assert done.code == 0, done.out + done.err
    assert "does not sign its webhooks" in done.out + done.err
    assert command(project, "check", "integrations/acme.yaml").code == 0


def test_a_hint_reaches_the_handler_with_the_provider_s_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "acme.json").write_text(json.dumps(document()))
    request = ("Read payments from Acme and receive its webhooks", "--doc", "acme.json")
    options = ("--unsigned", "refetch", "--accept-incomplete", "a test")
    assert command(project, "plan", *request, *options).code == 0
    assert command(project, "generate").code == 0
    import_from(project, monkeypatch)
    monkeypatch.setenv("ACME_TOKEN", "t0ken")
    monkeypatch.setenv("NOCTULE_INBOX", str(project / "inbox.sqlite3"))
    handlers = importlib.import_module("app.api.webhooks.acme")
    seen: list[tuple[str, str]] = []

    async def received(event: Any) -> None:
        seen.append((event.id, event.object.status))

    monkeypatch.setattr(handlers, "AcmeService", _service_of(handlers.AcmeService))
    handlers.receiver.on("hint")(received)
    app = importlib.import_module("app.main").app

    async def delivered() -> int:
        transport = httpx2.ASGITransport(app=app)
        async with (
            handlers.receiver.lifespan(),
            httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            response = await client.post("/api/webhooks/acme", json={"id": "tr_1", "status": "x"})
            await handlers.receiver.drain()
        return response.status_code

    assert asyncio.run(delivered()) == 200
    assert seen == [("tr_1", "paid")]


def _service_of(service: Any) -> Any:
    """The service, at a provider that says that every payment is paid."""
    from noctule.runtime.testing import MockProvider

    def made() -> Any:
        provider = MockProvider("https://api.acme.example/v1")
        provider.replies(json={"id": "tr_1", "status": "paid"})
        return service(transport=provider)

    return made


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("refetch", "GET /nothing/{id}", "GET /nothing/{id}"),
        ("id", "body:items[0].id", "position"),
        ("shape", ".*", "shape"),
    ],
)
def test_a_task_that_was_edited_wrongly_is_told_why(
    project: Path, key: str, value: str, word: str
) -> None:
    (project / "acme.json").write_text(json.dumps(document()))
    request = ("Read payments from Acme and receive its webhooks", "--doc", "acme.json")
    options = ("--unsigned", "refetch", "--accept-incomplete", "a test")
    assert command(project, "plan", *request, *options).code == 0
    path = project / "integrations" / "acme.yaml"
    task = yaml.safe_load(path.read_text())
    task["integration_task"]["webhooks"][0][key] = value
    path.write_text(yaml.safe_dump(task))
    done = command(project, "generate")
    assert done.code not in (0, 70)
    assert word in done.err + done.out
    assert "Traceback" not in done.err
