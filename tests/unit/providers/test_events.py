"""The lists of events, and Stripe's fields, against sources that we did not write."""

from __future__ import annotations

import json
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from noctule import providers
from support.paths import SPECS

wants_specs = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not here")


def real(name: str) -> dict[str, Any]:
    return json.loads((SPECS / f"{name}.json").read_bytes())


@wants_specs
def test_stripe_knows_every_event_of_the_official_enum() -> None:
    operation = real("stripe")["paths"]["/v1/webhook_endpoints"]["post"]
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    listed = set(form["properties"]["enabled_events"]["items"]["enum"]) - {"*"}
    assert len(listed) > 200
    assert listed <= providers.pack("stripe").event_names


def test_stripe_knows_every_event_of_the_official_sdk() -> None:
    stripe = pytest.importorskip("stripe")
    source = Path(stripe.__file__).with_name("_event.py").read_text(encoding="utf-8")
    listed = set(re.findall(r'^\s+"([a-z0-9_]+(?:\.[a-z0-9_]+)+)",?$', source, re.MULTILINE))
    assert len(listed) > 200
    assert listed <= providers.pack("stripe").event_names


def test_the_cards_event_is_none_and_the_true_one_is() -> None:
    names = providers.pack("stripe").event_names
    assert "payment_intent.failed" not in names
    assert "payment_intent.payment_failed" in names


@wants_specs
def test_github_knows_every_event_and_action_of_the_official_document() -> None:
    known = providers.pack("github").event_names
    listed = real("github")["x-webhooks"].values()
    assert len(listed) > 200
    for item in listed:
        event, _, action = item["post"]["operationId"].replace("-", "_").partition("/")
        assert event in known
        assert not action or "." in action or f"{event}.{action}" in known


def test_twilio_knows_every_status_of_the_official_sdk() -> None:
    pytest.importorskip("twilio")
    from twilio.rest.api.v2010.account.call import CallInstance
    from twilio.rest.api.v2010.account.message import MessageInstance

    def values(kind: type) -> set[str]:
        return {v for k, v in vars(kind).items() if k.isupper() and isinstance(v, str)}

    listed = values(CallInstance.Status) | values(MessageInstance.Status)
    assert len(listed) > 15
    assert listed <= providers.pack("twilio").event_names


@wants_specs
def test_sendgrid_knows_every_event_that_can_be_switched_on() -> None:
    schemas = real("sendgrid")["components"]["schemas"]
    switches = set(schemas["event-webhook-response"]["properties"])
    not_events = {"enabled", "url", "oauth_client_id", "oauth_token_url", "public_key"}
    spelled = {name.replace("spam_report", "spamreport") for name in switches - not_events}
    assert len(spelled) > 8
    assert spelled <= providers.pack("sendgrid").event_names


RESOURCES = {
    "PaymentIntent": "PaymentIntent",
    "Customer": "Customer",
    "Refund": "Refund",
    "Charge": "Charge",
    "Dispute": "Dispute",
    "Price": "Price",
    "Subscription": "Subscription",
    "SubscriptionItem": "SubscriptionItem",
    "Invoice": "Invoice",
    "InvoiceItem": "InvoiceItem",
    "CheckoutSession": "checkout.Session",
    "PortalSession": "billing_portal.Session",
}


@pytest.mark.parametrize(("schema", "path"), RESOURCES.items())
def test_stripes_fields_exist_in_the_version_we_ask_for(schema: str, path: str) -> None:
    """The document's copy is old; the SDK is made from the version in our Stripe-Version header."""
    stripe = pytest.importorskip("stripe")
    kind: Any = stripe
    for step in path.split("."):
        kind = getattr(kind, step)
    fields: dict[str, str] = {"id": "str"}
    for base in kind.__mro__:
        for name, annotation in vars(base).get("__annotations__", {}).items():
            fields.setdefault(name, str(annotation))
    document = json.loads(providers.pack("stripe").document_bytes())
    described = document["components"]["schemas"][schema]
    assert set(described["properties"]) <= set(fields)
    optional = {name for name, annotation in fields.items() if "Optional" in annotation}
    nullable = {
        name for name, node in described["properties"].items() if "null" in json.dumps(node)
    }
    assert not (optional & set(described["required"])) - nullable


CREATORS = {
    "/v1/payment_intents": "PaymentIntentCreateParams",
    "/v1/customers": "CustomerCreateParams",
    "/v1/refunds": "RefundCreateParams",
    "/v1/subscriptions": "SubscriptionCreateParams",
    "/v1/invoices": "InvoiceCreateParams",
    "/v1/invoiceitems": "InvoiceItemCreateParams",
}


@pytest.mark.parametrize(("path", "name"), CREATORS.items())
def test_stripes_parameters_exist_in_the_version_we_ask_for(path: str, name: str) -> None:
    params = pytest.importorskip("stripe.params")
    document = json.loads(providers.pack("stripe").document_bytes())
    content = document["paths"][path]["post"]["requestBody"]["content"]
    described = content["application/x-www-form-urlencoded"]["schema"]["properties"]
    accepted: typing.Any = getattr(params, name)
    assert set(described) <= set(accepted.__annotations__)


def test_the_version_we_ask_for_is_the_sdks() -> None:
    pytest.importorskip("stripe")
    from stripe._api_version import _ApiVersion

    assert providers.pack("stripe").headers["Stripe-Version"] == _ApiVersion.CURRENT
