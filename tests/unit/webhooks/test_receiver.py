"""What a receiver answers and stores."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from noctule.runtime.errors import LiteralSecret, MissingSecrets
from noctule.webhooks import Inbox, InvalidSecret, Receiver, Refused, RetiringSecret, Scheme
from support.webhook_samples import SCHEMES, URL

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}


async def test_an_event_is_on_disk_before_the_answer_and_reaches_its_handler(provider_of):
    stripe = provider_of("stripe")
    seen = []

    @stripe.receiver.on("invoice.paid")
    async def paid(event):
        seen.append(event)

    async with stripe.receiver.lifespan():
        answer = await stripe.sends(EVENT)
        assert (answer.status, answer.outcome) == (200, "accepted")
        assert [event.id for event in await stripe.events()] == ["evt_1"]
        await stripe.receiver.drain()
        assert [event.state for event in await stripe.events()] == ["done"]
    [event] = seen
    assert (event.id, event.type, event.provider) == ("evt_1", "invoice.paid", "stripe")
    assert event.data == EVENT
    assert json.loads(event.raw) == EVENT
    assert event.received_at == stripe.clock.time()
    assert event.coverage == "full"


async def test_a_part_of_the_event_is_decoded_into_a_model(provider_of):
    import msgspec

    class Invoice(msgspec.Struct):
        id: str

    stripe = provider_of("stripe")
    seen = []
    stripe.receiver.on("invoice.paid")(
        lambda event: seen.append(event.decode(Invoice, at="data.object"))
    )
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
    assert seen == [Invoice(id="in_1")]


async def test_each_item_of_a_batch_is_an_event(provider_of, monkeypatch):
    from noctule.webhooks.signing.sign import new_key

    key = new_key(SCHEMES["sendgrid"])
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    sendgrid = provider_of("sendgrid")
    seen = []
    sendgrid.receiver.on("*")(lambda event: seen.append((event.id, event.type, event.data["n"])))
    batch = [{"sg_event_id": f"e{n}", "event": "open", "n": n} for n in range(3)]
    async with sendgrid.receiver.lifespan():
        assert (await sendgrid.sends(batch, secret=key.signing)).outcome == "accepted"
        again = [*batch[1:], {"sg_event_id": "e3", "event": "click", "n": 3}]
        assert (await sendgrid.sends(again, secret=key.signing)).outcome == "accepted"
        await sendgrid.receiver.drain()
    assert sorted(seen) == [
        ("e0", "open", 0),
        ("e1", "open", 1),
        ("e2", "open", 2),
        ("e3", "click", 3),
    ]


@pytest.mark.parametrize(
    ("wrong", "status", "reason"),
    [
        ({"secret": "another"}, 401, "signature_mismatch"),
        ({"extra": [("stripe-signature", "t=1,v1=00")]}, 401, "doubled_header"),
        ({"extra": [("content-encoding", "gzip")]}, 415, "encoded_body"),
        ({"extra": [(f"x-{n}", "y") for n in range(100)]}, 400, "headers_too_large"),
        ({"extra": [("x", "y" * 40_000)]}, 400, "headers_too_large"),
        ({"body": b"[" + b" " * (1 << 20)}, 413, "body_too_large"),
        ({"body": b"{"}, 400, "unparseable"),
        ({"method": "PUT"}, 405, "method_not_allowed"),
    ],
)
async def test_a_wrong_delivery_is_answered_and_not_kept(provider_of, wrong, status, reason):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        answer = await stripe.sends(**{"payload": EVENT} | wrong)
        assert (answer.status, answer.outcome, answer.reason) == (status, "rejected", reason)
        assert json.loads(answer.body)["reason"] == reason
        assert await stripe.events() == []


async def test_another_media_type_is_415(provider_of):
    from noctule.webhooks.signing.sign import sign

    stripe = provider_of("stripe")
    body = b"<event/>"
    async with stripe.receiver.lifespan():
        headers = sign(
            SCHEMES["stripe"],
            body,
            "whsec_" + "a1" * 16,
            now=stripe.clock.time(),
            content_type="text/xml",
        )
        assert (await stripe.receiver.deliver("POST", URL, headers, body)).status == 415


async def test_a_slack_challenge_is_answered_only_when_signed(provider_of):
    slack = provider_of("slack")
    challenge = {"type": "url_verification", "challenge": "abc"}
    async with slack.receiver.lifespan():
        answer = await slack.sends(challenge)
        assert (answer.status, answer.body, answer.outcome) == (200, b"abc", "handshake")
        assert (await slack.sends(challenge, secret="another")).status == 401
        assert await slack.events() == []


async def test_a_github_ping_is_not_an_event(provider_of):
    github = provider_of("github")
    async with github.receiver.lifespan():
        assert (await github.sends({"zen": "…"}, type="ping")).outcome == "handshake"
        assert (
            await github.sends({"action": "opened"}, type="issues.opened")
        ).outcome == "accepted"
        assert [event.type for event in await github.events()] == ["issues.opened"]


async def test_the_matching_secret_is_recorded(provider_of, monkeypatch):
    monkeypatch.setenv("OLD_SECRET", "whsec_old")
    stripe = provider_of("stripe", secrets=["HOOK_SECRET", "OLD_SECRET"])
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "a", "type": "t"})
        await stripe.sends({"id": "b", "type": "t"}, secret="whsec_old")
        assert [event.key for event in await stripe.events()] == ["OLD_SECRET", "HOOK_SECRET"]


async def test_a_retiring_secret_counts_until_its_day(provider_of, monkeypatch, caplog):
    monkeypatch.setenv("OLD_SECRET", "whsec_old")
    clock = provider_of("stripe").clock
    until = datetime.fromtimestamp(clock.time() + 3600, UTC)
    stripe = provider_of("stripe", secrets=["HOOK_SECRET", RetiringSecret("OLD_SECRET", until)])
    async with stripe.receiver.lifespan():
        for name in ("a", "b"):
            event = {"id": name, "type": "t"}
            assert (await stripe.sends(event, secret="whsec_old")).status == 200
        assert caplog.text.count("OLD_SECRET is still in use") == 1
        clock.advance(3600)
        assert (await stripe.sends(EVENT, secret="whsec_old")).status == 401
        assert (await stripe.sends(EVENT)).status == 200
    monkeypatch.delenv("OLD_SECRET")
    async with stripe.receiver.lifespan():
        assert (await stripe.sends(EVENT)).status == 200
    with pytest.raises(ValueError, match="time zone"):
        RetiringSecret("OLD_SECRET", datetime(2027, 1, 1))  # noqa: DTZ001 - that is the mistake


async def test_the_address_may_be_configured_for_a_proxy(provider_of, monkeypatch):
    monkeypatch.setenv("HOOK_URL", URL)
    twilio = provider_of("twilio", url="HOOK_URL")
    form = {"MessageSid": "SM1", "MessageStatus": "sent"}
    from noctule.webhooks.signing.sign import body_of, sign

    body = body_of(SCHEMES["twilio"], form)
    headers = sign(SCHEMES["twilio"], body, "whsec_" + "a1" * 16, url=URL)
    async with twilio.receiver.lifespan():
        inside = "http://10.0.0.7:8000/webhooks?tenant=1"
        assert (await twilio.receiver.deliver("POST", inside, headers, body)).status == 200


async def test_a_missing_secret_stops_the_start_naming_all(monkeypatch):
    receiver = Receiver(SCHEMES["stripe"], secrets=["ONE_SECRET", "TWO_SECRET"])
    with pytest.raises(MissingSecrets) as missing:
        async with receiver.lifespan():
            pass
    assert missing.value.names == ("ONE_SECRET", "TWO_SECRET")


async def test_a_missing_address_is_named_with_the_missing_secrets():
    receiver = Receiver(SCHEMES["twilio"], secrets=["ONE_SECRET"], url="HOOK_URL")
    with pytest.raises(MissingSecrets) as missing:
        async with receiver.lifespan():
            pass
    assert missing.value.names == ("ONE_SECRET", "HOOK_URL")


async def test_the_lifespan_may_be_entered_within_itself(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        async with stripe.receiver.lifespan():
            assert (await stripe.sends(EVENT)).status == 200
        assert (await stripe.sends(EVENT)).outcome == "duplicate"


async def test_a_secret_of_the_wrong_form_stops_the_start_without_showing_it(
    provider_of, monkeypatch
):
    monkeypatch.setenv("HOOK_SECRET", "not base64 at all!")
    with pytest.raises(InvalidSecret, match=r"HOOK_SECRET does not have the form whsec") as error:
        async with provider_of("standard-webhooks").receiver.lifespan():
            pass
    assert "at all" not in str(error.value)


def test_a_literal_secret_is_refused():
    with pytest.raises(LiteralSecret):
        Receiver(SCHEMES["stripe"], secrets=["whsec_abcdef"])


@pytest.mark.parametrize("algorithm", ["static", "none"])
def test_an_unsigned_provider_is_refused(algorithm):
    with pytest.raises(Refused):
        Receiver(Scheme.parse({"algorithm": algorithm}, "x"), secrets=["HOOK_SECRET"])


async def test_without_the_lifespan_the_answer_is_503(provider_of, caplog):
    answer = await provider_of("stripe").sends(EVENT)
    assert (answer.status, answer.outcome) == (503, "unavailable")
    assert ("retry-after", "5") in answer.headers
    assert "lifespan" in caplog.text


async def test_no_secret_signature_or_payload_is_logged(provider_of, caplog):
    caplog.set_level(logging.DEBUG)
    stripe = provider_of("stripe")

    @stripe.receiver.on("*")
    async def fails(event):
        raise ValueError(event.data["card"])

    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "1", "type": "t", "card": "4242424242424242"})
        await stripe.sends({"id": "1", "type": "t"}, secret="whsec_wrong_secret")
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert event.state == "pending"
    assert event.reason.startswith("ValueError at test_receiver.py:")
    for hidden in ("4242", "whsec_", "v1="):
        assert hidden not in caplog.text + event.reason


async def test_only_headers_that_verification_reads_are_stored(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT, extra=[("authorization", "Bearer x"), ("cookie", "s=1")])
        [event] = await stripe.events()
    assert {name for name, _ in event.request.headers} == {b"content-type", b"stripe-signature"}


async def test_the_inbox_is_where_the_environment_says(monkeypatch, tmp_path, clock):
    place = tmp_path / "a" / "inbox.db"
    monkeypatch.setenv("NOCTULE_INBOX", str(place))
    monkeypatch.setenv("HOOK_SECRET", "x")
    async with Receiver(SCHEMES["stripe"], secrets=["HOOK_SECRET"]).lifespan():
        assert place.stat().st_mode & 0o077 == 0
        assert place.parent.stat().st_mode & 0o077 == 0


async def test_two_receivers_share_an_inbox(monkeypatch, tmp_path, clock):
    monkeypatch.setenv("HOOK_SECRET", "x")
    inbox = Inbox(tmp_path / "inbox.db")
    stripe = Receiver(SCHEMES["stripe"], secrets=["HOOK_SECRET"], inbox=inbox)
    slack = Receiver(SCHEMES["slack"], secrets=["HOOK_SECRET"], inbox=inbox)
    async with stripe.lifespan():
        async with slack.lifespan():
            assert inbox.is_open
        assert inbox.is_open
    assert not inbox.is_open
