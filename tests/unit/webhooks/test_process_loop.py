"""All receivers of a process share one event loop, which ends with the last of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from noctule.webhooks import Receiver, SyncReceiver
from noctule.webhooks.testing import key_for, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _loops() -> int:
    return [thread.name for thread in threading.enumerate()].count("noctule-loop")


def _delivery(provider: str, secret: str) -> tuple[dict[str, Any], bytes]:
    headers, body = signed(provider, {"id": "e1", "type": "t"}, secret=secret, type="push", id="e1")
    named = {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items()}
    return {"HTTP_HOST": "test", "CONTENT_TYPE": named.pop("HTTP_CONTENT_TYPE"), **named}, body


@pytest.fixture
def receivers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, tuple[SyncReceiver, str]]]:
    """Two, each with the key that signs for it."""
    monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))
    made: dict[str, tuple[SyncReceiver, str]] = {}
    for provider in ("stripe", "github"):
        key = key_for(provider)
        monkeypatch.setenv(f"{provider.upper()}_KEY", key.secret)
        receiver = Receiver(provider, secrets=[f"{provider.upper()}_KEY"])
        made[provider] = (SyncReceiver(receiver), key.signing)
    yield made
    for inbox, _ in made.values():
        inbox.close()


def test_two_receivers_share_a_loop(receivers: dict[str, tuple[SyncReceiver, str]]) -> None:
    def outcome(provider: str) -> str:
        inbox, secret = receivers[provider]
        return inbox.take(*_delivery(provider, secret)).outcome

    assert [outcome("stripe"), outcome("github")] == ["accepted", "accepted"]
    assert _loops() == 1
    receivers["stripe"][0].close()
    assert outcome("github") == "duplicate"
    assert _loops() == 1
    receivers["github"][0].close()
    assert _loops() == 0
    assert outcome("stripe") == "duplicate"
