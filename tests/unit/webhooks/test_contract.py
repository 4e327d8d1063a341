"""The webhook contract passes for a sound application, and fails for one that breaks a promise."""

from __future__ import annotations

from typing import Any

import pytest

from noctule.webhooks import Event, Receiver, SyncReceiver
from noctule.webhooks.testing.contract import WebhookContract, WebhookProfile

EVENTS = {
    "stripe": {"id": "evt_1", "type": "invoice.paid", "data": {"object": {}}},
    "github": {"action": "opened"},
    "twilio": {"MessageSid": "SM1", "MessageStatus": "delivered"},
    "dropbox": {"list_folder": {"accounts": ["dbid:AAH4"]}},
}
NAMES = {"stripe": "invoice.paid", "github": "issues", "twilio": "delivered", "dropbox": "changed"}


def profile_of(provider: str, *, sync: bool = False, **changes: Any) -> WebhookProfile:
    url = "HOOK_URL" if provider == "twilio" else ""
    receiver = Receiver(provider, secrets=["HOOK_SECRET"], url=url)
    gateway = SyncReceiver(receiver) if sync else receiver
    facts: dict[str, Any] = {
        "scheme": provider, "endpoint": "/hooks", "app": gateway, "receiver": gateway,
        "secrets": ["HOOK_SECRET"], "url": url, **changes,
    }  # fmt: skip
    return WebhookProfile(**facts)


class EachMode(WebhookContract):
    provider = ""

    @pytest.fixture(params=[False, True], ids=["asgi", "wsgi"])
    def webhooks(self, request: pytest.FixtureRequest) -> WebhookProfile:
        return profile_of(self.provider, sync=request.param)


class TestStripe(EachMode):
    provider = "stripe"
    events = {NAMES["stripe"]: EVENTS["stripe"]}  # noqa: RUF012


class TestGitHub(EachMode):
    provider = "github"
    events = {NAMES["github"]: EVENTS["github"]}  # noqa: RUF012


class TestTwilio(EachMode):
    provider = "twilio"
    events = {NAMES["twilio"]: EVENTS["twilio"]}  # noqa: RUF012


class TestDropbox(EachMode):
    """A bell: a copy may be handled."""

    provider = "dropbox"
    events = {NAMES["dropbox"]: EVENTS["dropbox"]}  # noqa: RUF012


async def accepts_everything(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b'{"outcome": "accepted"}'})


async def refuses_everything(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def failing() -> Receiver:
    receiver = Receiver("stripe", secrets=["HOOK_SECRET"])

    @receiver.on("invoice.paid")
    async def fail(event: Event) -> None:
        raise RuntimeError("broken handler")

    return receiver


@pytest.mark.parametrize(
    ("test", "app"),
    [
        ("event_is_accepted_and_handled", refuses_everything),
        ("event_is_accepted_and_handled", failing()),
        ("duplicate_is_handled_once", accepts_everything),
        ("duplicate_is_handled_once", refuses_everything),
        ("tampered_event_is_refused", accepts_everything),
        ("unsigned_event_is_refused", accepts_everything),
        ("old_event_is_refused", accepts_everything),
    ],
)
def test_broken_application_fails(
    test: str,
    app: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes = {"receiver": app} if isinstance(app, Receiver) else {}
    contract = TestStripe()
    webhooks = profile_of("stripe", app=app, **changes)
    sender = WebhookContract.sender.__wrapped__(contract, webhooks, monkeypatch, tmp_path)
    more = [caplog] if test.startswith("event") else []
    with pytest.raises(AssertionError):
        getattr(contract, f"test_{test}")(sender, "invoice.paid", *more)
