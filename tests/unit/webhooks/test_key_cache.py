"""Published keys: fetched from pinned addresses only, cached, and never waited for long."""

from __future__ import annotations

import asyncio
import threading

import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Reason, Receiver, Rejection
from noctule.webhooks.errors import KeyUnavailable
from noctule.webhooks.verification.key_cache import KeyCache, KeyRequest, NoSuchKey, use_key_cache
from support.webhook_samples import KEYS, NOW, PACKS, URL, delivery


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-" + "0" * 32 + ".pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-"
        + "0" * 32
        + ".pem",
        "https://evil.example/#sns.us-east-1.amazonaws.com",
        "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com:8443/x.pem",
        "https://sns.us-east-1.amazonaws.com/other.pem",
        "https://[",
        "",
    ],
)
def test_a_foreign_address_is_never_called(url):
    with pytest.raises(Rejection) as rejected:
        PACKS["aws-sns"].key_address.checked(url)
    assert rejected.value.reason is Reason.FOREIGN_KEY


@pytest.mark.anyio
async def test_concurrent_deliveries_share_one_fetch():
    calls = []
    gate = threading.Event()
    cache = KeyCache(fetch=lambda w: calls.append(w) or (gate.wait(5) and b"document"))
    request = KeyRequest("https://example.com/k")
    waiting = asyncio.gather(*(cache.load(request, 5) for _ in range(20)))
    await asyncio.sleep(0)
    gate.set()
    await waiting
    assert cache.get(request) == b"document"
    assert len(calls) == 1


@pytest.mark.anyio
async def test_a_slow_key_is_there_for_the_next_delivery():
    gate = threading.Event()
    cache = KeyCache(fetch=lambda _: gate.wait(5) and b"document")
    request = KeyRequest("https://example.com/k")
    with pytest.raises(KeyUnavailable, match="in time"):
        await cache.load(request, 0.01)
    gate.set()
    await cache.load(request, 5)
    assert cache.get(request) == b"document"


def test_made_up_keys_are_limited_and_evict_nothing():
    def fetch(request):
        if "real" in request.url:
            return b"document"
        raise NoSuchKey

    cache = KeyCache(fetch=fetch, clock=lambda: NOW)
    real = KeyRequest("https://example.com/real")
    cache.load_blocking(real)
    for number in range(9):
        cache.load_blocking(KeyRequest(f"https://example.com/{number}"))
    with pytest.raises(KeyUnavailable, match="too many"):
        cache.load_blocking(KeyRequest("https://example.com/10"))
    assert cache.get(real) == b"document"
    with pytest.raises(Rejection):
        cache.get(KeyRequest("https://example.com/3"))


@pytest.mark.anyio
async def test_a_delivery_whose_key_cannot_be_fetched_gets_503(monkeypatch):
    scheme = PACKS["paypal"]
    monkeypatch.setenv("HOOK_SECRET", KEYS["paypal"].secret)
    clock = VirtualClock()

    def broken(_):
        raise OSError("no network")

    use_key_cache(scheme.key_address, KeyCache(fetch=broken))
    receiver = Receiver(scheme, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock)
    body, headers = delivery("paypal", now=clock.time())
    async with receiver.lifespan():
        response = await receiver.deliver("POST", URL, headers, body)
    assert response.status == 503
    assert ("retry-after", "5") in response.headers
