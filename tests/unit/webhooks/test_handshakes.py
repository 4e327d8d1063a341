"""Questions that providers ask: each answered as they want it, and no oracle for forgers."""

from __future__ import annotations

import json

import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Reason, Receiver, Rejection, WebhookRequest
from noctule.webhooks.errors import KeyUnavailable
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.receiving.capture_window import Enrolment
from noctule.webhooks.receiving.refetch import RefetchReceiver
from noctule.webhooks.receiving.secret_capture import Enroller, write_secret
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.handshakes import answer, question
from noctule.webhooks.verification.key_cache import NoSuchKey, Published, Wanted
from noctule.webhooks.verification.keys import key_of
from support.webhook_samples import KEYS, NOW, PACKS, SCHEMES, SETTING, URL, check, delivery

JSON = {"content-type": "application/json"}


def asked(name, method="GET", query="", headers=None, body=b""):
    """The answer to an unsigned question, None if it is none."""
    reading = Reading(SCHEMES[name], WebhookRequest(method, f"{URL}&{query}", headers or {}, body))
    greeting = question(reading, signed=False)
    return greeting and answer(greeting, reading, KEYS[name].secret)


def signed_answer(name, payload):
    body, headers = delivery(name, payload=payload)
    reading = check(name, body, headers).reading
    return answer(question(reading, signed=True), reading, KEYS[name].secret)


def mac(name, text):
    scheme = SCHEMES[name]
    return encode(scheme.encoding, key_of(scheme, KEYS[name].secret).sign(text)).decode()


@pytest.mark.parametrize(
    ("name", "payload", "status", "body"),
    [
        ("slack", {"type": "url_verification", "challenge": "c"}, 200, b"c"),
        ("discord", {"type": 1, "token": "t"}, 200, b'{"type": 1}'),
        ("discord", {"type": 0}, 204, b""),
        ("monday", {"challenge": "c"}, 200, b'{"challenge": "c"}'),
    ],
)
def test_signed_questions(name, payload, status, body):
    reply = signed_answer(name, payload)
    assert (reply.status, reply.body) == (status, body)


def test_zoom_wants_a_token_signed():
    reply = signed_answer(
        "zoom", {"event": "endpoint.url_validation", "payload": {"plainToken": "q9ib"}}
    )
    assert json.loads(reply.body) == {"plainToken": "q9ib", "encryptedToken": mac("zoom", b"q9ib")}


def test_unsigned_questions():
    assert asked("dropbox", query="challenge=abc").body == b"abc"
    assert dict(asked("dropbox", query="challenge=abc").headers)["x-content-type-options"]
    crc = asked("x", query="crc_token=abc-1").body
    assert json.loads(crc) == {"response_token": "sha256=" + mac("x", b"abc-1")}
    hub = "hub.mode=subscribe&hub.challenge=42&hub.verify_token="
    assert asked("meta", query=hub + SETTING).body == b"42"
    assert asked("meta", query=hub + "other") is None
    assert asked("trello", "HEAD").status == asked("intercom", "HEAD").status == 200
    assert asked("github", "HEAD") is None


@pytest.mark.anyio
async def test_the_ping_of_woocommerce_is_answered_and_leaves_nothing_behind(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", KEYS["woocommerce"].secret)
    inbox = Inbox(":memory:")
    shop = Receiver("woocommerce", secrets=["HOOK_SECRET"], inbox=inbox, clock=VirtualClock(NOW))
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with shop.lifespan():
        ping = await shop.deliver("POST", URL, form, b"webhook_id=7")
        assert (ping.status, ping.outcome, ping.body) == (200, "handshake", b"")
        without_curl = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        assert (await shop.deliver("POST", URL, without_curl, b"webhook_id=7")).status == 200
        forged = form | {"x-wc-webhook-signature": "AAAA", "x-wc-webhook-topic": "order.created"}
        assert (await shop.deliver("POST", URL, forged, b"webhook_id=7")).status == 401
        assert (await shop.deliver("POST", URL, form, b"id=1")).status == 401
        assert await inbox.read(
            lambda store: store.run("SELECT count(*) FROM noctule_delivery")
        ) == [(0,)]


@pytest.mark.parametrize("token", ['{"a":1}', "a b", "a" * 300, ""])
def test_nobody_has_an_event_signed_through_a_question(token):
    from urllib.parse import quote

    with pytest.raises(Rejection):
        asked("x", query="crc_token=" + quote(token))


def test_what_a_question_signs_is_no_event():
    headers = {"x-twitter-webhooks-signature": "sha256=" + mac("x", b"12345"), **JSON}
    with pytest.raises(Rejection) as rejected:
        check("x", b"12345", headers)
    assert rejected.value.reason is Reason.MISMATCH


def test_a_signed_delivery_is_never_taken_for_an_unsigned_question():
    body, headers = delivery("notion", payload={"verification_token": "secret_abcdefgh"})
    reading = Reading(SCHEMES["notion"], WebhookRequest("POST", URL, headers, body))
    assert question(reading, signed=False) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "headers", "body"),
    [
        ("notion", JSON, b'{"verification_token":"secret_abcdefgh"}'),
        ("asana", {"X-Hook-Secret": "secret_abcdefgh", **JSON}, b"{}"),
    ],
)
async def test_a_secret_is_taken_once_and_only_while_an_operator_waits(
    name, headers, body, monkeypatch, tmp_path
):
    monkeypatch.setenv("NOCTULE_ENROLMENT", str(tmp_path / "enrolment"))
    monkeypatch.setenv("HOOK_SECRET", "not-known-yet")
    clock = VirtualClock()
    receiver = Receiver(name, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock)
    window = Enrolment(name)
    async with receiver.lifespan():
        shut = await receiver.deliver("POST", URL, headers, body)
        assert (shut.status, shut.reason) == (401, Reason.ENROLMENT_CLOSED)
        window.open(clock.time(), 60)
        taken = await receiver.deliver("POST", URL, headers, body)
        assert taken.status == 200
        assert window.secret == "secret_abcdefgh"
        if name == "asana":
            assert ("x-hook-secret", "secret_abcdefgh") in taken.headers
        again = await receiver.deliver("POST", URL, headers, body.replace(b"abc", b"xyz"))
        assert again.status == 401
        assert window.secret == "secret_abcdefgh"
    [file] = (tmp_path / "enrolment").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    window.close()
    assert window.secret == ""


async def _asked(app, headers, body=b"{}", path="/hooks"):
    """Status and headers of the answer of an ASGI application."""
    told = []
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "scheme": "https",
        "headers": [(b"content-type", b"application/json"), *headers],
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        told.append(message)

    await app(scope, receive, send)
    return told[0]["status"], told[0]["headers"]


@pytest.mark.anyio
async def test_an_enroller_takes_the_first_secret_and_says_so_after_it_was_kept():
    kept, refused = [], []
    asana = Enroller(SCHEMES["asana"], "/hooks", kept.append, refused.append)
    secret = (b"x-hook-secret", b"secret_abcdefgh")
    assert (await _asked(asana, [secret], path="/other"))[0] == 404
    assert (await _asked(asana, [(b"x-hook-secret", b"short")]))[0] == 401
    assert (await _asked(asana, [secret, (b"x-hook-signature", b"00")]))[0] == 401
    assert not asana.done.is_set()
    status, headers = await _asked(asana, [secret])
    assert (status, kept) == (200, ["secret_abcdefgh"])
    assert secret in headers
    assert asana.done.is_set()
    assert (await _asked(asana, [(b"x-hook-secret", b"secret_of_another")]))[0] == 401
    assert refused == [Reason.MISSING_FIELD, Reason.MISSING_FIELD, Reason.ENROLMENT_CLOSED]
    assert kept == ["secret_abcdefgh"]


@pytest.mark.anyio
async def test_a_secret_that_cannot_be_kept_is_not_acknowledged(tmp_path):
    place = tmp_path / "file" / "secret"
    place.parent.write_text("in the way")
    asana = Enroller(SCHEMES["asana"], "/hooks", lambda secret: write_secret(place, secret))
    assert (await _asked(asana, [(b"x-hook-secret", b"secret_abcdefgh")]))[0] == 503
    assert (asana.taken, type(asana.failure)) == (False, FileExistsError)
    assert asana.done.is_set()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "call", "body"),
    [
        ("microsoft-graph", ("POST", URL + "&validationToken=ok", {}), b"ok"),
        ("okta", ("GET", URL, {"X-Okta-Verification-Challenge": "ok"}), b'{"verification": "ok"}'),
    ],
)
async def test_a_receiver_of_hints_answers_too(name, call, body):
    hints = RefetchReceiver(
        name, id="body:id", shape="[a-z]{8}", read=lambda _: None, inbox=Inbox(":memory:")
    )
    async with hints.lifespan():
        method, url, headers = call
        reply = await hints.deliver(method, url, headers, b"")
        assert (reply.status, reply.body) == (200, body)


@pytest.mark.anyio
async def test_sns_is_confirmed_after_it_is_verified_and_at_amazon_only():
    visited = []
    scheme = PACKS["aws-sns"]
    for host, fine in (("sns.us-east-1.amazonaws.com", True), ("evil.example", False)):
        payload = {
            "Type": "SubscriptionConfirmation",
            "MessageId": "m",
            "Message": "x",
            "Token": "t",
            "SubscribeURL": f"https://{host}/?Action=ConfirmSubscription",
        }
        body, headers = delivery("aws-sns", payload=payload)
        reading = check("aws-sns", body, headers).reading
        greeting = question(reading, signed=True)
        known, scheme.published.fetch = scheme.published.fetch, lambda w: visited.append(w.url)
        try:
            from noctule.webhooks.verification.handshakes import visit

            if fine:
                await visit(greeting, reading)
            else:
                with pytest.raises(Rejection):
                    await visit(greeting, reading)
        finally:
            scheme.published.fetch = known
    assert visited == ["https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"]


class TestPublishedKeys:
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
    def test_a_foreign_address_is_never_called(self, url):
        with pytest.raises(Rejection) as rejected:
            PACKS["aws-sns"].fetch.pinned(url)
        assert rejected.value.reason is Reason.FOREIGN_KEY

    @pytest.mark.anyio
    async def test_one_fetch_serves_all_who_wait_and_is_kept(self):
        import asyncio
        import threading

        calls = []
        gate = threading.Event()
        store = Published(fetch=lambda w: calls.append(w) or (gate.wait(5) and b"document"))
        wanted = Wanted("https://example.com/k")
        waiting = asyncio.gather(*(store.obtain(wanted, 5) for _ in range(20)))
        await asyncio.sleep(0)
        gate.set()
        await waiting
        assert store.known(wanted) == b"document"
        assert len(calls) == 1

    @pytest.mark.anyio
    async def test_a_slow_key_is_not_waited_for_and_there_the_next_time(self):
        import threading

        gate = threading.Event()
        store = Published(fetch=lambda _: gate.wait(5) and b"document")
        wanted = Wanted("https://example.com/k")
        with pytest.raises(KeyUnavailable, match="too late"):
            await store.obtain(wanted, 0.01)
        gate.set()
        await store.obtain(wanted, 5)
        assert store.known(wanted) == b"document"

    def test_nonsense_is_asked_for_ten_times_a_minute_at_most_and_drives_nothing_out(self):
        def fetch(wanted):
            if "real" in wanted.url:
                return b"document"
            raise NoSuchKey

        store = Published(fetch=fetch, clock=lambda: NOW)
        real = Wanted("https://example.com/real")
        store.obtain_now(real)
        for number in range(9):
            store.obtain_now(Wanted(f"https://example.com/{number}"))
        with pytest.raises(KeyUnavailable, match="too many"):
            store.obtain_now(Wanted("https://example.com/10"))
        assert store.known(real) == b"document"
        with pytest.raises(Rejection):
            store.known(Wanted("https://example.com/3"))

    @pytest.mark.anyio
    async def test_a_delivery_whose_key_cannot_be_had_is_answered_503(self, monkeypatch):
        scheme = PACKS["paypal"]
        monkeypatch.setenv("HOOK_SECRET", KEYS["paypal"].secret)
        clock = VirtualClock()

        def broken(_):
            raise OSError("no network")

        from dataclasses import replace

        dark = replace(scheme, published=Published(fetch=broken))
        receiver = Receiver(dark, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock)
        body, headers = delivery("paypal", now=clock.time())
        async with receiver.lifespan():
            told = await receiver.deliver("POST", URL, headers, body)
        assert told.status == 503
        assert ("retry-after", "5") in told.headers
