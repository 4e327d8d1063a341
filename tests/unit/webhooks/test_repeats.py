"""What becomes of events that equal an earlier one and may be replays, and who is told."""

from __future__ import annotations

import logging

import pytest

from noctule.webhooks import Receiver, Scheme
from noctule.webhooks.operations.admin import replay
from noctule.webhooks.operations.doctor import check_routes
from noctule.webhooks.processing.metrics import METRICS
from noctule.webhooks.processing.repeats import RepeatPolicy
from noctule.webhooks.store.base import EventQuery

pytestmark = pytest.mark.anyio
DISPATCH = {"ref": "main"}


def repeats(route: str, action: str) -> int:
    line = f'noctule_webhooks_repeats_total{{route="{route}",action="{action}"}} '
    return sum(int(text[len(line) :]) for text in METRICS.text().splitlines() if line in text)


async def sent(github, *ids: str, type: str = "workflow_dispatch", gap: float = 60.0):  # noqa: A002
    outcomes = []
    for event_id in ids:
        outcomes.append((await github.sends(DISPATCH, id=event_id, type=type)).outcome)
        await github.receiver.drain()
        github.clock.advance(gap)
    return outcomes


@pytest.mark.parametrize(
    ("action", "outcomes", "states", "handled"),
    [
        ("quarantine", ["accepted", "quarantined", "quarantined"], ["done", "quarantined"], 1),
        ("handle", ["accepted", "accepted", "accepted"], ["done", "done", "done"], 3),
        ("drop", ["accepted", "duplicate", "duplicate"], ["done", "dropped"], 1),
    ],
)
async def test_a_receiver_says_what_becomes_of_repeats(
    provider_of, caplog, action, outcomes, states, handled
):
    route = f"github-{action}"
    before = repeats(route, action)  # the counters are the process's, and so are other tests'
    github = provider_of("github", repeats=action, route=route)
    seen = []
    github.receiver.on("*")(lambda event: seen.append((event.id, event.idempotency_key)))
    async with github.receiver.lifespan():
        assert await sent(github, "a", "b", "c") == outcomes
        assert await sent(github, "a", "a") == ["duplicate", "duplicate"]
        await github.receiver.drain()
        events = await github.events(oldest_first=True)
    assert [event.state for event in events] == states
    assert sum(event.copies + 1 for event in events) == 5
    assert len(seen) == len(set(seen)) == handled
    assert repeats(route, action) - before == 2
    lines = [r.getMessage() for r in caplog.records if "equal earlier ones" in r.getMessage()]
    assert len(lines) == 2, "the second repeat came a minute after the first"
    assert route in lines[0]
    assert all(record.levelno == logging.WARNING for record in caplog.records)


async def test_a_handled_repeat_is_handled_once(provider_of):
    github = provider_of("github", repeats="handle")
    async with github.receiver.lifespan():
        outcomes = await sent(github, "a", "b", "b", "a", "b")
        assert outcomes == ["accepted", "accepted", "duplicate", "duplicate", "duplicate"]
        events = await github.events(oldest_first=True)
        assert [(event.id, event.copies) for event in events] == [("a", 1), ("b", 2)]


async def test_a_line_in_a_minute_counts_the_others(provider_of, caplog):
    github = provider_of("github")
    async with github.receiver.lifespan():
        await sent(github, *"abcdef", gap=20)
    lines = [r.getMessage() for r in caplog.records if "equal earlier ones" in r.getMessage()]
    assert [line.split(": ")[2].split(",")[0] for line in lines] == ["1", "3"]


async def test_the_type_of_an_event_may_decide(provider_of):
    github = provider_of("github", repeats={"workflow_dispatch": "handle", "issues.*": "drop"})
    async with github.receiver.lifespan():
        assert await sent(github, "a", "b") == ["accepted", "accepted"]
        for event_type, state in (("issues", "dropped"), ("push", "quarantined")):
            await github.sends({"type": event_type}, id="a", type=event_type)
            await github.sends({"type": event_type}, id="b", type=event_type)
            [aside] = await github.events(state=state)
            assert (aside.type, aside.id) == (event_type, "b")


def test_the_most_specific_pattern_counts():
    policy = RepeatPolicy({"orders": "drop", "orders.paid": "handle", "*": "quarantine"})
    actions = [
        policy.action(name) for name in ("orders.paid", "orders.paid.x", "orders.x", "y", "")
    ]
    assert actions == ["handle", "handle", "drop", "quarantine", "quarantine"]
    assert RepeatPolicy("drop").action("any.thing") == "drop"


@pytest.mark.parametrize("setting", ["ignore", {"*": "accept"}])
def test_another_word_is_refused_with_the_words_there_are(setting):
    with pytest.raises(ValueError, match="is not one of quarantine, handle, drop"):
        Receiver("github", secrets=["HOOK_SECRET"], repeats=setting)


async def test_repeats_in_an_hour_are_one_and_then_another(provider_of):
    github = provider_of("github")
    async with github.receiver.lifespan():
        await sent(github, "a", "b", "c", gap=1800)
        await sent(github, "d", gap=1801)
        await sent(github, "e", "f", gap=100 * 86400)
        events = await github.events(state="quarantined", oldest_first=True)
    assert [(event.id, event.copies) for event in events] == [("b", 2), ("e", 0), ("f", 0)]


@pytest.mark.parametrize(("action", "state"), [("quarantine", "quarantined"), ("drop", "dropped")])
async def test_the_doctor_names_them_and_a_replay_releases_them(provider_of, store, action, state):
    github = provider_of("github", repeats=action)
    seen = []
    github.receiver.on("*")(lambda event: seen.append(event.id))
    async with github.receiver.lifespan():
        await sent(github, "a", "b")
        checks = {check.key: check for check in check_routes(store, {}, github.clock.time())}
        finding = checks[f"aside_{state}"]
        assert (finding.severity == "good") is (action == "drop")
        assert finding.values == {"count": "1"}
        events = store.find(EventQuery(state=state))
        assert replay(store, events, now=github.clock.time()) == {events[0].seq: "queued"}
        await github.receiver.drain()
    assert seen == ["a", "b"]
    assert not store.find(EventQuery(state=state))


async def test_the_answer_names_the_gravest_of_a_batch(provider_of):
    """One event that is new, and one that is not, in one delivery."""
    scheme = Scheme.parse(
        {"header": "X-Signature", "algorithm": "hmac-sha256", "signed": "{body}", "batch": "body:"},
        "acme",
    )
    acme = provider_of("github")
    acme.receiver.scheme = scheme
    async with acme.receiver.lifespan():
        assert (await acme.sends([{"n": 1}, {"n": 2}])).outcome == "accepted"
        assert (await acme.sends([{"n": 2}, {"n": 3}])).outcome == "accepted"
        assert (await acme.sends([{"n": 3}, {"n": 1}])).outcome == "quarantined"
        events = await acme.events(oldest_first=True)
    quarantined = [event.state == "quarantined" for event in events]
    assert quarantined == [False, False, True, False, True, True]
