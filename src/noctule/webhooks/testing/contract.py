"""The tests that all webhook handlers share, to be applied to an application.

    @pytest.fixture
    def webhooks() -> WebhookProfile:
        app = FastAPI()
        app.include_router(router)
        return WebhookProfile(
            scheme="stripe",
            endpoint="/api/webhooks/stripe",
            app=app,
            receiver=receiver,
            secrets=["STRIPE_WEBHOOK_SECRET"],
        )

    class TestWebhooks(WebhookContract):
        events = {"payment_intent.succeeded": {"id": "evt_1", "type": ...}}

Nothing leaves the process, and the inbox is a file of the test's own. This module needs pytest.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import httpx2
import pytest

from noctule.webhooks.receiving.sync.receiver import SyncReceiver
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.testing import key_for, signed, tampered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from noctule.webhooks.receiving.receiver import Receiver

HOST = "http://test"
BEYOND_TOLERANCE = 60.0
"""Seconds by which an old delivery is older than its scheme tolerates."""


@dataclass(frozen=True, kw_only=True)
class WebhookProfile:
    """An application that receives webhooks of one provider."""

    scheme: str | Scheme
    """The provider's pack, or the signature scheme."""
    endpoint: str
    """The path that deliveries are posted to."""
    app: Any
    """The ASGI application, or with a `SyncReceiver` the WSGI one."""
    receiver: Receiver | SyncReceiver
    secrets: Sequence[str] = ()
    """Environment variables of the signing secrets. Each test sets a new key."""
    url: str = ""
    """The environment variable of the public address, for schemes that sign the address."""


@dataclass(frozen=True)
class SignedSender:
    """The provider's side: signs events and posts them to the application."""

    profile: WebhookProfile
    scheme: Scheme
    key: str = field(repr=False)

    def delivery(self, event: str, payload: Any, age: float = 0.0) -> tuple[dict[str, str], bytes]:
        """Headers and body of a delivery signed `age` seconds ago."""
        url = f"{HOST}{self.profile.endpoint}" if self.profile.url else ""
        now = time.time() - age
        return signed(
            self.scheme, payload, secret=self.key, now=now, id="evt_1", type=event, url=url
        )

    def post(self, *deliveries: tuple[dict[str, str], bytes]) -> list[httpx2.Response]:
        """The responses, once all handlers have finished."""
        app, receiver = self.profile.app, self.profile.receiver
        if not isinstance(receiver, SyncReceiver):
            return asyncio.run(self._posted(receiver, deliveries))
        try:
            transport = httpx2.WSGITransport(app=app)
            with httpx2.Client(transport=transport, base_url=HOST) as client:
                responses = [
                    client.post(self.profile.endpoint, headers=headers, content=body)
                    for headers, body in deliveries
                ]
            receiver.drain()
        finally:
            receiver.close()
        return responses

    async def _posted(
        self, receiver: Receiver, deliveries: Sequence[tuple[dict[str, str], bytes]]
    ) -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=self.profile.app)
        async with (
            receiver.lifespan(),
            httpx2.AsyncClient(transport=transport, base_url=HOST) as client,
        ):
            responses = [
                await client.post(self.profile.endpoint, headers=headers, content=body)
                for headers, body in deliveries
            ]
            await receiver.drain()
        return responses


class WebhookContract:
    """A subclass named `Test...` gives `events`, and the module, class or conftest a fixture
    `webhooks` that returns a `WebhookProfile`."""

    events: ClassVar[Mapping[str, Any]] = {}
    """Event -> the body that the provider sends for it."""

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Run each test once for each event."""
        if "event" in metafunc.fixturenames:
            metafunc.parametrize("event", list(cls.events))

    @pytest.fixture
    def sender(
        self, webhooks: WebhookProfile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> SignedSender:
        """A sender whose key, and no other, the environment names."""
        scheme = webhooks.scheme
        scheme = scheme if isinstance(scheme, Scheme) else scheme_of(scheme)
        key = key_for(scheme)
        for name in webhooks.secrets:
            monkeypatch.setenv(name, key.secret)
        for name in scheme.settings.values():
            monkeypatch.setenv(name, "sandbox")
        if webhooks.url:
            monkeypatch.setenv(webhooks.url, f"{HOST}{webhooks.endpoint}")
        monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))
        return SignedSender(webhooks, scheme, key.signing)

    def test_event_is_accepted_and_handled(
        self, sender: SignedSender, event: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A signed event gets a 200, and its handler runs without an error."""
        [response] = sender.post(sender.delivery(event, self.events[event]))
        assert response.status_code == 200
        assert "noctule.webhooks" not in {record.name for record in caplog.records}

    def test_duplicate_is_handled_once(self, sender: SignedSender, event: str) -> None:
        """The same delivery, sent again, gets a 200 as well and is not handled again, unless it
        says only that something changed."""
        delivery = sender.delivery(event, self.events[event])
        responses = sender.post(delivery, delivery)
        assert [response.status_code for response in responses] == [200, 200]
        if not sender.scheme.reply:  # else the provider wants another body than the outcome
            outcomes = [response.json()["outcome"] for response in responses]
            assert outcomes[0] == "accepted"
            assert sender.scheme.handles_copies or outcomes[1] in ("duplicate", "quarantined")

    def test_tampered_event_is_refused(self, sender: SignedSender, event: str) -> None:
        """A body that was changed after it was signed gets a 401."""
        headers, body = sender.delivery(event, self.events[event])
        [response] = sender.post(tampered(sender.scheme, headers, body))
        assert response.status_code == 401

    def test_unsigned_event_is_refused(self, sender: SignedSender, event: str) -> None:
        """The event without a signature gets a 401."""
        body = httpx2.Request("POST", HOST, json=self.events[event]).read()
        [response] = sender.post(({"content-type": "application/json"}, body))
        assert response.status_code == 401

    def test_old_event_is_refused(self, sender: SignedSender, event: str) -> None:
        """A delivery signed longer ago than the scheme tolerates gets a 401; a scheme that does
        not sign the time accepts it."""
        stamp = sender.scheme.timestamp
        age = (stamp.past if stamp is not None else 0.0) + BEYOND_TOLERANCE
        [response] = sender.post(sender.delivery(event, self.events[event], age))
        assert response.status_code == (401 if stamp is not None else 200)
