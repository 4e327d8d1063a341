"""The doctor reports what is wrong with a route, and nothing if all is well."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from noctule.webhooks import PermanentFailure, RetiringSecret
from noctule.webhooks.operations.backfill import MissedEvent, store_missed
from noctule.webhooks.operations.doctor import check_routes, duration
from noctule.webhooks.operations.doctor.check import clock_time
from support.webhook_samples import SECRET

pytestmark = pytest.mark.anyio


def checks_of(store, now):
    return {
        check.key: (check.severity, dict(check.values)) for check in check_routes(store, [], now)
    }


async def _deliver(provider, count, gap):
    for number in range(count):
        await provider.sends({"id": f"evt_{provider.clock.time()}_{number}", "type": "t"})
        provider.clock.advance(gap)


async def test_unusual_silence_is_reported(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 20, 600)
        assert checks_of(store, stripe.clock.time())["heard"][0] == "good"
        later = stripe.clock.time() + 6 * 3600 - 600
    assert checks_of(store, later)["silence"] == (
        "warning", {"quiet": "6 h", "days": "0.13", "longest": "10 min"}
    )  # fmt: skip


async def test_a_quiet_night_is_not_reported_as_silence(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for _ in range(9):
            await _deliver(stripe, 6, 600)
            stripe.clock.advance(23 * 3600)
        assert "silence" not in checks_of(store, stripe.clock.time())
        assert "silence" in checks_of(store, stripe.clock.time() + 12 * 3600)


@pytest.mark.parametrize("bursts", [1, 6])
async def test_a_burst_now_and_then_is_no_habit(provider_of, store, bursts):
    """One payment sends many events within seconds: the gaps inside say nothing."""
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for _ in range(bursts):
            await _deliver(stripe, 20, 1)
            stripe.clock.advance(3 * 86400)
        assert "silence" not in checks_of(store, stripe.clock.time())


async def test_events_that_nobody_claims_are_reported(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 1)
    now = stripe.clock.time()
    assert checks_of(store, now)["no_lag"] == ("good", {"count": "3"})
    assert checks_of(store, now + 600)["unclaimed"] == (
        "bad", {"lag": "10 min", "count": "3", "held": "0"}
    )  # fmt: skip
    store.claim("stripe", now + 600, 60, 1)
    severity, values = checks_of(store, now + 600)["lag"]
    assert (severity, values["held"]) == ("bad", "1")
    assert "unclaimed" in checks_of(store, now + 700)  # the one that held it is gone


async def test_handlers_that_fail_are_reported_with_types_reason_and_traceback(provider_of, store):
    stripe = provider_of("stripe")

    @stripe.receiver.on("*")
    async def fails(event):
        if event.type == "charge.failed":
            raise PermanentFailure("no such order")
        raise KeyError(event.id)

    async with stripe.receiver.lifespan():
        for number, event_type in enumerate(["invoice.paid", "invoice.paid", "charge.failed"]):
            await stripe.sends({"id": f"evt_{number}", "type": event_type})
        await stripe.receiver.drain()
        checks = checks_of(store, stripe.clock.time())
        severity, values = checks["failing"]
        assert (severity, values["count"], values["types"]) == ("warning", "2", "invoice.paid")
        assert values["reason"].startswith("KeyError at test_doctor.py:")
        assert values["traceback"].endswith("KeyError")
        assert "evt_" not in values["traceback"]
        severity, values = checks["dead"]
        assert (severity, values["count"], values["number"]) == ("bad", "1", "3")
        assert values["reason"] == "PermanentFailure: no such order"
        for _ in range(3):
            stripe.clock.advance(600)
            await stripe.receiver.drain()
        assert checks_of(store, stripe.clock.time())["failing"][0] == "bad"


async def test_events_without_a_handler_are_reported_for_a_day(provider_of, store):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "invoice.paid"})
        await stripe.receiver.drain()
    now = stripe.clock.time()
    told = {"count": "1", "types": "invoice.paid"}
    assert checks_of(store, now)["unhandled"] == ("warning", told)
    assert checks_of(store, now + 2 * 86400)["unhandled"] == ("good", told)


async def _forged(stripe, number, gap=2):
    for _ in range(number):
        await stripe.sends({"id": "evt_f", "type": "t"}, secret="whsec_forged")
        stripe.clock.advance(gap)


async def test_a_deployment_after_which_everything_is_refused(
    provider_of, store, monkeypatch, clock
):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 60)
    deployed = clock.time()
    monkeypatch.setenv("HOOK_SECRET", "whsec_another")
    again = provider_of("stripe", work=False)
    async with again.receiver.lifespan():
        await _deliver(again, 8, 0.3)
    checks = checks_of(store, clock.time())
    severity, values = checks["refused_since_start"]
    assert (severity, values["start"]) == ("bad", clock_time(deployed))
    assert values["reason"].startswith("signature_mismatch")
    assert values["count"] == "8"
    assert len(store.rejections(10)) == 2  # an entry a second, in which the others are counted
    severity, values = checks["secret_changed"]
    assert (severity, values["name"], values["event"]) == ("bad", "HOOK_SECRET", "#3")
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    assert "secret_changed" not in checks_of(store, clock.time())


async def test_a_backfill_is_no_accepted_delivery(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 60)
        await _forged(stripe, 4)
    missed = [MissedEvent(f"evt_m{n}", "t", stripe.clock.time(), {"id": n}) for n in range(5)]
    assert store_missed(store, "stripe", "stripe", missed) == 5
    assert checks_of(store, stripe.clock.time())["refused_all"][1]["count"] == "4"


async def test_a_deployment_is_not_blamed_for_what_began_later(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 60)
        await _forged(stripe, 4)
    checks = checks_of(store, stripe.clock.time())
    assert "refused_since_start" not in checks
    assert (checks["refused_all"][0], checks["refused_all"][1]["count"]) == ("bad", "4")


@pytest.mark.parametrize(
    ("forged", "accepted", "key", "severity"),
    [
        (1, 0, "refused_all", "warning"),
        (6, 1, "refused_some", "bad"),
        (3, 2, "refused_some", "warning"),
        (1, 1, "refused_few", "good"),
        (8, 3, "accepted_again", "good"),
    ],
)
async def test_refusals_beside_accepted_ones(provider_of, store, forged, accepted, key, severity):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 4, 60)
        await _forged(stripe, forged)
        await _deliver(stripe, accepted, 1)
    assert checks_of(store, stripe.clock.time())[key][0] == severity


async def test_a_route_whose_deliveries_were_all_refused_is_reported(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.receiver.deliver("GET", "https://shop.example/hooks", [], b"")
        stripe.clock.advance(2)
    assert "refused_all" not in checks_of(store, stripe.clock.time())
    async with stripe.receiver.lifespan():
        await _forged(stripe, 1)
    severity, values = checks_of(store, stripe.clock.time())["refused_all"]
    assert (severity, values["accepted"]) == ("bad", "–")


async def test_a_retiring_secret_in_use_is_reported(provider_of, store, monkeypatch, clock):
    monkeypatch.setenv("HOOK_SECRET_OLD", "whsec_old")
    until = datetime.fromtimestamp(clock.time() + 3 * 86400, UTC)
    secrets = ["HOOK_SECRET", RetiringSecret("HOOK_SECRET_OLD", until)]
    stripe = provider_of("stripe", work=False, secrets=secrets)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 1, 1)
        assert "retiring" not in checks_of(store, clock.time())
        await stripe.sends({"id": "evt_old", "type": "t"}, secret="whsec_old")
        severity, values = checks_of(store, clock.time())["retiring"]
        assert (severity, values["name"]) == ("warning", "HOOK_SECRET_OLD")
        assert checks_of(store, clock.time() + 2.5 * 86400)["retiring"][0] == "bad"
        assert "retiring" not in checks_of(store, clock.time() + 3.5 * 86400)


async def test_clock_skew_is_reported(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 1)
        assert checks_of(store, stripe.clock.time())["clock"][0] == "good"
        store.run("UPDATE noctule_delivery SET signed_at = signed_at + 30")
        assert checks_of(store, stripe.clock.time())["clock_skew"] == (
            "warning",
            {"seconds": "-30.0"},
        )
        store.run("UPDATE noctule_delivery SET signed_at = signed_at + 200")
        assert checks_of(store, stripe.clock.time())["clock_skew"][0] == "bad"


def test_a_route_that_never_received_anything_is_reported(store):
    checks = list(check_routes(store, ["acme"], 0.0))
    assert [(check.severity, check.key, check.route) for check in checks] == [
        ("warning", "never", "acme")
    ]


def test_durations_are_short():
    durations = {0.34: "0.3 s", 59: "59 s", 240: "4 min", 22320: "6 h 12 min", 90000: "1 d 1 h"}
    assert {seconds: duration(seconds) for seconds in durations} == durations
