"""A small project with a hand-made Stripe integration, and ways to break it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule import apidoc, providers
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod, Webhook
from noctule.proving import Matrix, prove
from support.sandbox_samples import NEW, THE_PARCEL, document, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

WRAPPER = """
import asyncio
import logging
import os
from typing import Literal

from noctule.runtime import (
    Bearer, CallOptions, Model, Operation, Policies, RetryLimits, Service, ServiceConfig,
    ServiceError, env,
)


class PaymentIntent(Model):
    id: str
    amount: int
    status: Literal["requires_payment_method", "succeeded"] | str


CREATE_PAYMENT_INTENT = Operation(
    "create_payment_intent", "POST", "/v1/payment_intents",
    returns=PaymentIntent, body="form", retry="with_key", moves_money=True,
)


class StripeService(Service):
    config = ServiceConfig(
        name="stripe",
        base_url="https://api.stripe.com",
        auth=Bearer(env("STRIPE_SECRET_KEY")),
        idempotency_header="Idempotency-Key",
        policies=Policies(),
    )

    async def create_payment_intent(
        self, *, amount: int, currency: str, options: CallOptions | None = None
    ) -> PaymentIntent:
        body = {"amount": amount, "currency": currency}
        return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
"""
CALL = "        return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)\n"

HANDLER = """
from types import SimpleNamespace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from noctule.webhooks import Event, Receiver, Rejection, scheme_of, verify
from noctule.webhooks import WebhookRequest as Delivery

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])


@receiver.on("payment_intent.succeeded")
async def payment_intent_succeeded(event: Event) -> None:
    raise RuntimeError("the body of a handler must not run in a proof")


ENDPOINT = receiver
router = Router(routes=[Route("/api/webhooks/stripe", ENDPOINT, methods=["POST"])])
"""


def task(**changes: Any) -> IntegrationTask:
    """What was planned for the project above."""
    planned: dict[str, Any] = {
        "service": "Stripe",
        "provider": "stripe",
        "files": [
            PlannedFile(path="app/stripe.py", purpose="", role="wrapper"),
            PlannedFile(path="app/stripe_webhooks.py", purpose="", role="webhook"),
        ],
        "env_vars": [
            EnvVar(name="STRIPE_SECRET_KEY", description="", role="api_key"),
            EnvVar(name="STRIPE_WEBHOOK_SECRET", description="", role="webhook_secret"),
        ],
        "methods": [
            PlannedMethod(
                name="create_payment_intent", does="", operation="POST /v1/payment_intents"
            )
        ],
        "webhooks": [
            Webhook(
                event="payment_intent.succeeded",
                endpoint="/api/webhooks/stripe",
                signature="stripe",
            )
        ],
    }
    return IntegrationTask(**(planned | changes))


def write(folder: Path, *, wrapper: str = WRAPPER, handler: str = HANDLER) -> Path:
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "stripe.py").write_text(wrapper)
    (folder / "app" / "stripe_webhooks.py").write_text(handler)
    return folder


def proven(
    project: Path,
    *faults: str,
    planned: IntegrationTask | None = None,
    speed: float = 50.0,
    methods: Sequence[str] = (),
) -> Matrix:
    pack = providers.pack("stripe")
    document = apidoc.parse(pack.document_bytes(), source="pack:stripe")
    return prove(
        planned or task(),
        document,
        pack,
        project,
        python=Path(sys.executable),
        speed=speed,
        faults=faults,
        methods=methods,
    )


PARCELS = """
from noctule.runtime import Model, NoAuth, Operation, Policies, Service, ServiceConfig


class Parcel(Model):
    id: str
    weight: int


CREATE = Operation(
    "create_parcel", "POST", "/parcels", returns=Parcel, body="json", retry="{retry}"
)


class ParcelsService(Service):
    config = ServiceConfig(
        name="parcels",
        base_url="https://api.parcels.example/v1",
        auth=NoAuth(),
        policies=Policies(),
    )

    async def create_parcel(self, *, weight: int) -> Parcel:
        return await self.call(CREATE, body={{"weight": weight}})
"""


def without_a_key(project: Path, retry: str, fault: str) -> Matrix:
    """The matrix of a wrapper whose provider knows no idempotency keys."""
    project.mkdir()
    (project / "parcels.py").write_text(PARCELS.format(retry=retry))
    return _parcels(project, [fault])


def signed_by_a_published_key(project: Path) -> Matrix:
    """The matrix of the deliveries of a provider that publishes the key it signs with."""
    project.mkdir()
    (project / "hooks.py").write_text(
        "from noctule.webhooks import Receiver\n"
        'receiver = Receiver("fal", secrets=["FAL_USER_ID"])\n'
        '@receiver.on("OK")\n'
        "async def done(event): ...\n"
    )
    return _parcels(
        project,
        ["event", "wrong_signature", "tampered", "stale"],
        webhooks=[Webhook(event="OK", endpoint="/hooks", signature="fal")],
        env_vars=[EnvVar(name="FAL_USER_ID", description="", role="webhook_secret")],
    )


def _parcels(project: Path, faults: list[str], **planned: Any) -> Matrix:
    task = IntegrationTask(
        service="Parcels",
        files=[
            PlannedFile(path="parcels.py", purpose="", role="wrapper"),
            PlannedFile(path="hooks.py", purpose="", role="webhook"),
        ],
        methods=[PlannedMethod(name="create_parcel", does="", operation="POST /parcels")],
        **planned,
    )
    api = document({"/parcels": {"post": operation(THE_PARCEL, body=NEW)}})
    return prove(task, api, None, project, python=Path(sys.executable), faults=faults)
