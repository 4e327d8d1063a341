"""Published keys: fetched from pinned addresses only, cached, and never waited for long."""

from __future__ import annotations

import asyncio
import threading

import msgspec
import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Reason, Receiver, Rejection, Scheme, WebhookRequest
from noctule.webhooks.errors import KeyNotCached, KeyUnavailable
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.formats.jws import parse, signing_input
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.key_cache import KeyCache, KeyRequest, NoSuchKey, use_key_cache
from noctule.webhooks.verification.key_selection import key_request
from noctule.webhooks.verification.signing_secret import SigningSecret
from noctule.webhooks.verification.verify import verify_fetching
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


DAY = 86_400.0


class Publisher:
    """What a provider publishes, and what it was asked for."""

    def __init__(self, documents=None) -> None:
        self.documents = documents or {}
        self.asked: list[KeyRequest] = []
        self.down = False
        self.now = 0.0
        self.cache = KeyCache(fetch=self.answer, clock=lambda: self.now)

    def answer(self, request):
        self.asked.append(request)
        if self.down:
            raise OSError("no network")
        if request not in self.documents:
            raise NoSuchKey
        return self.documents[request]

    def settled(self) -> None:
        """Wait for the fetches in the background."""
        for pool in self.cache._pools.values():
            pool.submit(int).result(10)


def requests(word, count):
    return [KeyRequest(f"https://example.com/{word}/{number}") for number in range(count)]


def test_made_up_keys_are_limited_and_evict_nothing():
    [real] = requests("real", 1)
    publisher = Publisher({real: b"document"})
    publisher.cache.load_blocking(real)
    made_up = requests("made-up", 31)
    for request in made_up[:30]:
        publisher.cache.load_blocking(request)
    with pytest.raises(KeyUnavailable, match="too many"):
        publisher.cache.load_blocking(made_up[30])
    assert publisher.cache.get(real) == b"document"
    with pytest.raises(Rejection):
        publisher.cache.get(made_up[29])
    publisher.now = 1.0
    publisher.cache.load_blocking(made_up[30])


def test_keys_that_exist_cost_nothing():
    real = requests("real", 200)
    publisher = Publisher(dict.fromkeys(real, b"document"))
    for request in real:
        publisher.cache.load_blocking(request)
    assert len(publisher.asked) == 200


def test_a_key_that_served_is_not_evicted_for_others():
    served, *others = requests("real", 100)
    publisher = Publisher(dict.fromkeys([served, *others], b"document"))
    publisher.cache.load_blocking(served)
    publisher.cache.mark_served(served)
    for request in others:
        publisher.cache.load_blocking(request)
    assert publisher.cache.get(served) == b"document"


def test_a_key_that_was_just_fetched_is_there():
    keys = requests("real", 50)
    publisher = Publisher(dict.fromkeys(keys, b"document"))
    for key in keys:  # more keys that all have served than there is room for
        publisher.cache.load_blocking(key)
        assert publisher.cache.get(key) == b"document"
        publisher.cache.mark_served(key)


def test_a_key_that_served_goes_on_serving_while_it_is_fetched_again():
    [key] = requests("real", 1)
    publisher = Publisher({key: b"old"})
    publisher.cache.load_blocking(key)
    publisher.cache.mark_served(key)
    publisher.now, publisher.down = DAY, True
    for seconds in range(0, 600, 10):
        publisher.now = DAY + seconds
        assert publisher.cache.get(key) == b"old"
        publisher.settled()
    assert len(publisher.asked) == 1 + 10  # once a minute
    publisher.down, publisher.documents = False, {key: b"new"}
    publisher.now = DAY + 600
    assert publisher.cache.get(key) == b"old"
    publisher.settled()
    assert publisher.cache.get(key) == b"new"


def test_a_key_does_not_serve_for_ever():
    [key] = requests("real", 1)
    publisher = Publisher({key: b"document"})
    publisher.cache.load_blocking(key)
    publisher.now = DAY
    with pytest.raises(KeyNotCached):  # it has verified nothing yet
        publisher.cache.get(key)
    publisher.cache.mark_served(key)
    publisher.down, publisher.now = True, 8 * DAY
    with pytest.raises(KeyNotCached):
        publisher.cache.get(key)


def test_a_key_that_the_provider_withdrew_ends_at_once():
    [key] = requests("real", 1)
    publisher = Publisher({key: b"document"})
    publisher.cache.load_blocking(key)
    publisher.cache.mark_served(key)
    publisher.now, publisher.documents = DAY, {}
    publisher.cache.get(key)
    publisher.settled()
    with pytest.raises(Rejection):
        publisher.cache.get(key)


FORGED = {
    "aws-sns": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{:032x}.pem",
    "paypal": "https://api.paypal.com/v1/notifications/certs/CERT-{:08x}",
    "plaid": "made-up-{}",
}
"""The key that a forged delivery names."""


def forged(name, number, body, headers):
    """The same delivery, naming a key that does not exist."""
    text = FORGED[name].format(number + 1)
    if name == "aws-sns":
        return msgspec.json.encode(msgspec.json.decode(body) | {"SigningCertURL": text}), headers
    if name == "paypal":
        return body, headers | {"paypal-cert-url": text}
    token = parse(headers["plaid-verification"].encode(), "")
    signed = signing_input(token.header | {"kid": text}, token.claims)
    whole = signed + b"." + encode("base64url", token.signature)
    return body, headers | {"plaid-verification": whole.decode()}


@pytest.mark.anyio
@pytest.mark.parametrize("name", FORGED)
async def test_ten_forgeries_a_minute_keep_nobody_out(name, monkeypatch):
    scheme, clock = PACKS[name], VirtualClock()
    monkeypatch.setenv("HOOK_SECRET", KEYS[name].secret)
    for variable in scheme.settings.values():
        monkeypatch.setenv(variable, "sandbox")
    receiver = Receiver(scheme, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock)
    publisher = Publisher()
    use_key_cache(scheme.key_address, publisher.cache)

    def deliver(body, headers):
        return receiver.deliver("POST", URL, headers, body)

    async with receiver.lifespan():
        body, headers = delivery(name, now=clock.time())
        view = DeliveryView(scheme, WebhookRequest("POST", URL, headers, body))
        real = key_request(view, scheme.key_address, SigningSecret(KEYS[name].secret))
        publisher.documents[real] = KEYS[name].document
        for age in (0.0, DAY, 5 * DAY):  # no key is cached, then a stale one
            publisher.now = age
            publisher.down = age == 5 * DAY
            for number in range(10):
                answer = await deliver(*forged(name, number + int(age), body, headers))
                assert answer.status in (401, 503)
            assert (await deliver(body, headers)).status == 200


@pytest.mark.anyio
async def test_a_key_that_was_added_to_the_published_set_is_found(monkeypatch):
    table = {
        "header": "X-Token", "algorithm": "es256", "signed": "{token}", "key": "jwk",
        "body_digest": "claim:sha",
        "fetch": {"url": "https://example.com/keys", "host": "example.com", "answer": "keys"},
    }  # fmt: skip
    scheme = Scheme.parse(table, "acme")
    key = new_key(scheme)
    request = KeyRequest("https://example.com/keys")
    publisher = Publisher({request: b'{"keys": []}'})
    use_key_cache(scheme.key_address, publisher.cache)
    headers, body = compose(scheme, {"id": "1"}, key.signing, now=NOW)
    delivered = WebhookRequest("POST", URL, headers, body)

    async def verified():
        return await verify_fetching(scheme, delivered, [key.secret], NOW)

    with pytest.raises(Rejection):
        await verified()
    publisher.documents = {request: key.document}
    publisher.now = 59.0
    with pytest.raises(Rejection):
        await verified()
    publisher.now = 60.0
    assert (await verified()).secret == 0
    assert len(publisher.asked) == 2


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
