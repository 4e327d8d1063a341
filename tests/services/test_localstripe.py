"""localstripe, by Stripe's own document and noctule's pack: calls, pages, and webhooks it signs.

localstripe is a fake of others, of an older Stripe. Where Stripe's document differs from it, and
what a user does about it:

- Its address is `STRIPE_BASE_URL`.
- Members that the document requires are absent, such as `confirmation_method` of a payment intent:
  reading one raises `InvalidMember`.
- A customer that is retrieved may be a deleted one: two kinds of answer, so that it is `JSON`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import NotFound
from support.command_line import command
from support.paths import SPECS
from support.real_services import PROGRAMS, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Integrate

KEY, SECRET = "sk_test_of_a_test", "whsec_of_a_test_of_a_test_of_a_test"
SERVER = """
from aiohttp import web
from localstripe import resources, server
resources.store.dump_to_disk = lambda: None
web.run_app(server.app, host="127.0.0.1", port={port})
"""
"""Its own command listens on all interfaces, and keeps its state in a file."""
OPERATIONS = """
    GET /v1/customers/{customer}
    GET /v1/customers
    POST /v1/customers/{customer}
    DELETE /v1/customers/{customer}
    POST /v1/payment_methods
    POST /v1/payment_methods/{payment_method}/attach
    POST /v1/refunds
"""
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    program("localstripe")
    python = str(PROGRAMS / "python")
    folder = tmp_path / "localstripe"
    folder.mkdir()
    with running(folder, lambda port: [python, "-c", SERVER.format(port=port)]) as url:
        yield url


@pytest.fixture
def wrapper(address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch) -> Any:
    """For payments with their webhooks, and then for more: the second run extends the first."""
    document = SPECS / "stripe.json"
    if not document.is_file():
        pytest.skip(f"no {document}")
    monkeypatch.setenv("STRIPE_BASE_URL", address)
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    target = ("--target", "fastapi")
    integrate("Integrate Stripe for payments", document, "", *target)
    return integrate("Integrate Stripe: customers and refunds", document, OPERATIONS, *target)


async def life_of_a_customer(service: Any) -> None:
    async with service as stripe:
        names = [f"é {number}" for number in range(5)]
        for name in names:
            created = await stripe.create_customer(name=name, metadata={"a b&c": "é=&"})
            assert created.metadata == {"a b&c": "é=&"}
        read = await stripe.retrieve_customer(customer=created.id)
        assert (read["name"], read["id"]) == (names[-1], created.id)  # or a deleted one: a dict
        changed = await stripe.update_customer(
            customer=created.id, name="other", metadata={"n": "1"}
        )
        assert (changed.name, changed.metadata["n"]) == ("other", "1")

        for limit in (1, 2, 100):
            listed = [one.id async for one in stripe.list_customers_all(limit=limit)]
            assert len(listed) == len(set(listed)) == len(names)
        assert (await stripe.delete_customer(customer=created.id)).deleted is True
        with pytest.raises(NotFound):
            await stripe.delete_customer(customer=created.id)
        with pytest.raises(NotFound):
            await stripe.update_customer(customer="cus_unknown", name="nobody")


def test_customers_payments_and_webhooks(wrapper: Any, address: str, tmp_path: Path) -> None:
    asyncio.run(life_of_a_customer(wrapper.StripeService()))
    project = tmp_path / "project"

    def arguments(port: int) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return [sys.executable, "-m", "uvicorn", "app.main:app", *where]

    with running(project, arguments) as application:
        register(address, "ours", f"{application}/api/webhooks/stripe", SECRET)
        register(address, "forger", f"{application}/api/webhooks/stripe", f"{SECRET}_of_others")
        intent = asyncio.run(payment(wrapper.StripeService()))
        events = wait_for_events(project)

    (event,) = events
    assert (event["type"], event["state"]) == ("payment_intent.succeeded", "done")
    shown = command(project, "webhooks", "show", str(event["id"]), "--json").json
    assert intent in json.dumps(shown)
    rejected = command(project, "webhooks", "list", "--rejected", "--json").json
    assert rejected


def register(address: str, name: str, url: str, secret: str) -> None:
    body = {"url": url, "secret": secret, "events": ["payment_intent.succeeded"]}
    request = urllib.request.Request(
        f"{address}/_config/webhooks/{name}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


async def payment(service: Any) -> str:
    async with service as stripe:
        customer = await stripe.create_customer(name="A")
        method = await stripe.create_payment_method(type="card", card=CARD)
        await stripe.attach_payment_method(payment_method=method.id, customer=customer.id)
        intent = await stripe.create_payment_intent(
            amount=1099,
            currency="eur",
            customer=customer.id,
            payment_method=method.id,
            confirm=True,
        )
        assert (intent.amount, intent.status) == (1099, "succeeded")
        refund = await stripe.create_refund(payment_intent=intent.id, amount=99)
        assert (refund.amount, refund.currency) == (99, "eur")
        with pytest.raises(NotFound):
            await stripe.create_refund(payment_intent="pi_unknown")
        return str(intent.id)


def wait_for_events(project: Path) -> list[dict[str, Any]]:
    """The events that the application has handled, once there is one."""
    for _ in range(60):
        events = command(project, "webhooks", "list", "--json").json
        events = events if isinstance(events, list) else events["events"]
        if events and events[0]["state"] == "done":
            return events
    pytest.fail("no event was handled")
