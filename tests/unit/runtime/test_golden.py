"""The oracle for the wire encoder: what the providers' own SDKs send for the same call.

Each SDK is made to send its request to a transport that keeps it, or to a server on this machine.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from noctule.runtime.encoding import encode_body, expand_path, form, query
from noctule.runtime.encoding.multipart import File, multipart

if TYPE_CHECKING:
    from collections.abc import Iterator

stripe = pytest.importorskip("stripe")
twilio_rest = pytest.importorskip("twilio.rest")
slack_sdk = pytest.importorskip("slack_sdk")
sendgrid = pytest.importorskip("sendgrid")
requests = pytest.importorskip("requests")


@dataclass
class Sent:
    method: str
    path: str
    query: str
    body: bytes
    content_type: str


class StripeWire(stripe.HTTPClient):  # type: ignore[misc, name-defined]
    name = "received"

    def request(
        self, method: str, url: str, headers: dict[str, str], post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, dict[str, str]]:
        parts = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        kind = headers.get("Content-Type") or ""
        self.sent = Sent(method.upper(), parts.path, parts.query, body, kind)
        return b'{"id":"x","object":"thing"}', 200, {}

    request_with_retries = request


@pytest.fixture
def stripe_wire() -> StripeWire:
    return StripeWire()


@pytest.fixture
def stripe_client(stripe_wire: StripeWire) -> Any:
    return stripe.StripeClient("sk_test_0123456789", http_client=stripe_wire)


PAYMENT: dict[str, Any] = {
    "amount": 2000,
    "currency": "eur",
    "metadata": {"order_id": "6735", "note": "café & co/ü=+%~ \"'"},
    "payment_method_types": ["card", "link"],
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    "expand": ["customer", "latest_charge"],
    "shipping": {"name": "Ann", "address": {"line1": "1 rue A", "country": "FR"}},
    "description": "",
}
LISTS = {"payment_method_types": "deepObject", "expand": "deepObject", "items": "deepObject"}


def test_stripe_payment_intent(stripe_wire: StripeWire, stripe_client: Any) -> None:
    stripe_client.v1.payment_intents.create(PAYMENT)
    assert form(PAYMENT, LISTS) == stripe_wire.sent.body
    assert stripe_wire.sent.content_type == encode_body("form", PAYMENT, LISTS).content_type
    assert b"payment_method_types[0]=card&" in stripe_wire.sent.body
    assert b"metadata[order_id]=6735&" in stripe_wire.sent.body


def test_stripe_lists_of_objects(stripe_wire: StripeWire, stripe_client: Any) -> None:
    body = {
        "customer": "cus_1",
        "items": [{"price": "p_1", "quantity": 2}, {"price": "p_2", "tax_rates": ["t", "u"]}],
        "cancel_at_period_end": False,
    }
    stripe_client.v1.subscriptions.create(body)
    assert form(body, LISTS) == stripe_wire.sent.body


def test_stripe_query(stripe_wire: StripeWire, stripe_client: Any) -> None:
    parameters = {
        "limit": 3,
        "created": {"gte": 1700000000, "lt": 1800000000},
        "email": "a+b@c.d",
        "expand": ["data.default_source"],
    }
    stripe_client.v1.customers.list(parameters)
    # Below the SDK, its HTTP library escapes the brackets.
    theirs = stripe_wire.sent.query.replace("[", "%5B").replace("]", "%5D")
    assert query(parameters, {**LISTS, "created": "deepObject"}) == theirs


def test_stripe_query_with_a_space_means_the_same(
    stripe_wire: StripeWire, stripe_client: Any
) -> None:
    """The SDK writes `+`, which only a form reader takes for a space; `%20` is read by all."""
    parameters = {"query": "name:'Ann B' AND metadata['k[0]']:'v'"}
    stripe_client.v1.customers.search(parameters)
    assert parse_qsl(query(parameters)) == parse_qsl(stripe_wire.sent.query)


@pytest.mark.parametrize("identifier", ["cus_1", "a/b", "a b?c#d", "é%", "a..b"])
def test_stripe_paths(stripe_wire: StripeWire, stripe_client: Any, identifier: str) -> None:
    stripe_client.v1.customers.retrieve(identifier)
    ours = expand_path("/v1/customers/{id}", {"id": identifier})
    assert ours.replace("%20", "+") == stripe_wire.sent.path


def test_stripe_multipart(stripe_wire: StripeWire, stripe_client: Any, tmp_path: Any) -> None:
    path = tmp_path / "evidence.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with path.open("rb") as file:
        stripe_client.v1.files.create({"purpose": "dispute_evidence", "file": file})
    sent = stripe_wire.sent
    boundary = sent.content_type.split("boundary=")[1]
    chunks, _ = multipart({"purpose": "dispute_evidence", "file": File(path)}, boundary)
    theirs = sent.body.replace(str(path).encode(), b"evidence.png")
    assert b"".join(chunks).rstrip() == theirs.rstrip()


class TwilioWire:
    """Prepares requests exactly as Twilio's own client does, and keeps them."""

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        **_: Any,
    ) -> Any:
        from twilio.http.response import Response

        unsent = requests.Request(method.upper(), url, params=params, data=data, headers=headers)
        prepared = unsent.prepare()
        parts = urlsplit(prepared.url)
        body = (prepared.body or "").encode()
        kind = prepared.headers["Content-Type"]
        self.sent = Sent(prepared.method, parts.path, parts.query, body, kind)
        return Response(200, '{"messages": []}')


SID = "AC" + "0" * 32


def test_twilio_message() -> None:
    wire = TwilioWire()
    client = twilio_rest.Client(SID, "token", http_client=wire)
    client.messages.create(
        to="+33612345678",
        from_="+15005550006",
        body="Bonjour à tous & merci ~",
        media_url=["https://a.example/b.png", "https://a.example/c.png"],
        smart_encoded=True,
        validity_period=30,
        send_at=datetime(2026, 11, 24, 3, tzinfo=UTC),
    )
    ours = {
        "To": "+33612345678",
        "From": "+15005550006",
        "Body": "Bonjour à tous & merci ~",
        "MediaUrl": ["https://a.example/b.png", "https://a.example/c.png"],
        "SmartEncoded": True,
        "ValidityPeriod": 30,
        "SendAt": datetime(2026, 11, 24, 3, tzinfo=UTC),
    }
    # The SDK orders the fields by its own signature.
    order = dict(parse_qsl(wire.sent.body.decode()))
    assert form({name: ours[name] for name in order}) == wire.sent.body
    assert wire.sent.path == expand_path("/2010-04-01/Accounts/{sid}/Messages.json", {"sid": SID})


def test_twilio_query() -> None:
    wire = TwilioWire()
    client = twilio_rest.Client(SID, "token", http_client=wire)
    after = datetime(2026, 1, 1, tzinfo=UTC)
    client.messages.page(to="+33612345678", date_sent_after=after, page_size=2)
    parameters = {"To": "+33612345678", "DateSent>": after, "PageSize": 2}
    assert query(parameters) == wire.sent.query


@pytest.fixture
def server() -> Iterator[tuple[str, list[Sent]]]:
    received: list[Sent] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            parts = urlsplit(self.path)
            kind = self.headers["Content-Type"] or ""
            received.append(Sent(self.command, parts.path, parts.query, body, kind))
            answer = b'{"ok": true}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the name http.server calls

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", received
        listening.shutdown()
        thread.join()


BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*é* <&>"}}]


def test_slack_message(server: tuple[str, list[Sent]]) -> None:
    url, received = server
    client = slack_sdk.WebClient("xoxb-1", base_url=f"{url}/api/")
    client.chat_postMessage(channel="C1", text="Bonjour à tous", blocks=BLOCKS, mrkdwn=True)
    ours = encode_body(
        "json",
        {"channel": "C1", "text": "Bonjour à tous", "blocks": BLOCKS, "mrkdwn": True, "ts": None},
    )
    assert isinstance(ours.content, bytes)
    assert json.loads(ours.content) == json.loads(received[0].body)
    assert received[0].content_type.startswith(ours.content_type)


def test_slack_form(server: tuple[str, list[Sent]]) -> None:
    url, received = server
    client = slack_sdk.WebClient("xoxb-1", base_url=f"{url}/api/")
    parameters = {
        "types": "public_channel,private_channel",
        "limit": 100,
        "cursor": "dGVhbTpDMDYx=",
    }
    client.api_call("conversations.list", data=parameters)
    assert form(parameters) == received[0].body
    assert received[0].content_type == "application/x-www-form-urlencoded"


def test_sendgrid_mail(server: tuple[str, list[Sent]]) -> None:
    url, received = server
    client = sendgrid.SendGridAPIClient("SG.x", host=url)
    body = {
        "personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"order": "1"}}],
        "from": {"email": "c@d.example", "name": "Café"},
        "subject": "Été",
        "content": [{"type": "text/plain", "value": "1 < 2 & é"}],
        "mail_settings": {"sandbox_mode": {"enable": True}},
    }
    client.send(body)
    ours = encode_body("json", body)
    assert isinstance(ours.content, bytes)
    assert json.loads(ours.content) == json.loads(received[0].body)
    assert received[0].content_type == ours.content_type


def test_sendgrid_query(server: tuple[str, list[Sent]]) -> None:
    url, received = server
    client = sendgrid.SendGridAPIClient("SG.x", host=url)
    parameters = {"limit": 10, "offset": 20, "start_time": 1443651141}
    client.client.suppression.bounces.get(query_params=parameters)
    assert sorted(query(parameters).split("&")) == sorted(received[0].query.split("&"))
