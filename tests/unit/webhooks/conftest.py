from __future__ import annotations

from collections.abc import Callable

import pytest
from webhook_samples import SCHEMES, URL

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Answer, Inbox, Receiver
from noctule.webhooks.sign import body_of, sign

SECRET = "whsec_" + "a1" * 16


class Provider:
    """A provider that signs, and a receiver that it delivers to."""

    def __init__(self, name: str, receiver: Receiver, clock: VirtualClock) -> None:
        self.scheme = SCHEMES[name]
        self.receiver = receiver
        self.clock = clock

    async def sends(
        self, payload=None, *, id="", type="", secret=SECRET, method="POST", extra=(), body=None
    ) -> Answer:
        body = body_of(self.scheme, payload) if body is None else body
        headers = sign(self.scheme, body, secret, now=self.clock.time(), id=id, type=type, url=URL)
        return await self.receiver.deliver(method, URL, [*headers.items(), *extra], body)

    async def events(self, **query):
        from noctule.webhooks.store.base import Query

        return await self.receiver.inbox.call(lambda store: store.find(Query(**query)))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def provider_of(monkeypatch, clock, tmp_path) -> Callable[..., Provider]:
    """Makes a provider and its receiver; the inbox lies in the test's folder."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)

    def make(name: str, **options) -> Provider:
        options = {"secrets": ["HOOK_SECRET"], "inbox": Inbox(tmp_path / "inbox.db")} | options
        return Provider(name, Receiver(SCHEMES[name], clock=clock, **options), clock)

    return make
