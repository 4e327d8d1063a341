"""The doctor reports silence, lag and clock skew, and nothing if all is well."""

from __future__ import annotations

import pytest

from noctule.webhooks.operations.doctor import check_routes, duration

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
        await _deliver(stripe, 20, 240)
        assert checks_of(store, stripe.clock.time())["heard"][0] == "good"
        later = stripe.clock.time() + 6 * 3600 - 240
    assert checks_of(store, later)["silence"] == ("warning", {"quiet": "6 h", "usual": "4 min"})


async def test_a_quiet_night_is_not_reported_as_silence(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for _ in range(3):
            await _deliver(stripe, 10, 60)
            stripe.clock.advance(10 * 3600)
        assert "silence" not in checks_of(store, stripe.clock.time())
        assert "silence" in checks_of(store, stripe.clock.time() + 10 * 3600)


async def test_lag_and_dead_events_are_reported(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await _deliver(stripe, 3, 1)
    now = stripe.clock.time()
    assert checks_of(store, now)["no_lag"] == ("good", {"count": "3"})
    assert checks_of(store, now + 600)["lag"] == ("bad", {"lag": "10 min", "count": "3"})
    for event in store.claim("stripe", now, 60, 8):
        store.settle(event.seq, 1, "dead", reason="x")
    assert checks_of(store, now)["aside_dead"] == ("warning", {"count": "3"})


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
