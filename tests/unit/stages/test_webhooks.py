"""The webhook use cases, as any face calls them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.backfill import parse_values
from noctule.stages.webhooks.events import follow_events, list_events, list_rejections, show_event
from noctule.stages.webhooks.explain import explain_stored
from noctule.stages.webhooks.inbox import EventFilter, parse_time
from noctule.stages.webhooks.replay import replay_events, replay_matching
from noctule.stages.webhooks.routes import find_routes, own_route
from noctule.stages.webhooks.samples import sample_payload
from noctule.webhooks import scheme_of
from noctule.webhooks.operations.backfill import MissedEvent, store_missed
from noctule.webhooks.store.base import RejectedDelivery
from noctule.webhooks.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.stages.webhooks.replay import ReplayProgress

ALL = EventFilter()
TASK = """\
integration_task:
  service: "Stripe"
  provider: "stripe"
  env_vars:
    - name: "SHOP_SECRET"
      description: "Secret"
      role: "webhook_secret"
  webhooks:
    - event: "invoice.paid"
      endpoint: "/hooks/stripe"
"""


def store_events(place: str, *ids: str) -> None:
    store = open_store(place)
    now = time.time()
    missed = [
        MissedEvent(name, "invoice.paid", now + n, {"id": name, "type": "invoice.paid"})
        for n, name in enumerate(ids)
    ]
    assert store_missed(store, "stripe", "stripe", missed) == len(ids)
    store.close()


def reject(place: str, reason: str, at: float = 1.0) -> None:
    store = open_store(place)
    store.add_rejection(RejectedDelivery("stripe", at, reason, "stripe-signature", 2, "00", ("a",)))
    store.close()


@pytest.fixture
def inbox(tmp_path: Path) -> str:
    """An inbox with three events."""
    place = str(tmp_path / "inbox.sqlite3")
    store_events(place, "evt_a", "evt_b", "evt_c")
    return place


def problem(call, *arguments, **options) -> Problem:
    with pytest.raises(Problem) as caught:
        call(*arguments, **options)
    return caught.value


def test_events_are_listed_page_by_page(inbox: str) -> None:
    first = list_events(inbox, ALL, limit=2)
    assert [event.id for event in first.events] == ["evt_c", "evt_b"]
    last = list_events(inbox, ALL, limit=2, before=first.before or 0)
    assert [event.id for event in last.events] == ["evt_a"]
    assert last.before is None
    assert first.as_json()["events"][0]["coverage"] == "fetched"


def test_a_filter_that_cannot_be_read_is_a_usage_error(inbox: str) -> None:
    unknown = problem(list_events, inbox, EventFilter(state="lost"), limit=1)
    assert (unknown.key, unknown.exit) == ("webhooks.no_state", Exit.USAGE)
    assert "pending" in unknown.cause("en")
    assert problem(list_events, inbox, EventFilter(since="soon"), limit=1).place == "--since soon"


def test_times_are_ages_or_dates() -> None:
    assert parse_time("", "--at") is None
    assert parse_time("2h", "--at") == pytest.approx(time.time() - 7200, abs=5)
    assert parse_time("2026-11-30T00:00:00+00:00", "--at") == 1_795_996_800.0


def test_an_event_is_found_by_number_by_id_and_as_the_last_one(inbox: str) -> None:
    references = ("#1", "1", "evt_a")
    assert {show_event(inbox, reference).event.id for reference in references} == {"evt_a"}
    assert show_event(inbox, "").event.id == "evt_c"
    assert '"evt_c"' in show_event(inbox, "").body
    assert problem(show_event, inbox, "evt_none").key == "webhooks.no_event"


def test_an_inbox_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    place = tmp_path / "none.sqlite3"
    assert problem(list_events, str(place), ALL, limit=1).key == "webhooks.no_inbox"
    assert not place.exists()


def test_a_feed_reports_each_state_and_each_rejection_once(inbox: str) -> None:
    reject(inbox, "stale")
    with follow_events(inbox, ALL) as feed:
        assert [event.id for event in feed.latest(2)] == ["evt_b", "evt_c"]
        assert [update.as_json().get("id") for update in feed.updates()] == ["evt_a"]
        assert feed.updates() == []
        reject(inbox, "signature_mismatch")
        store_events(inbox, "evt_d")
        event, rejection = feed.updates()
        assert event.as_json()["id"] == "evt_d"
        assert rejection.as_json()["reason"] == "signature_mismatch"
        assert feed.updates() == []


def test_a_feed_begins_with_the_rejections_of_before(inbox: str) -> None:
    reject(inbox, "stale", at=time.time() + 100)
    reject(inbox, "unparseable")  # long before the events
    with follow_events(inbox, ALL) as feed:
        shown = [update.as_json() for update in feed.latest(3)]
        assert [one.get("id", one.get("reason")) for one in shown] == ["evt_b", "evt_c", "stale"]
    with follow_events(inbox, EventFilter(route="github")) as feed:
        assert feed.latest(3) == []
    with follow_events(inbox, EventFilter(state="pending")) as feed:
        assert len(feed.latest(9)) == 3  # a filter of events shows events


def test_a_rejection_without_causes_is_explained_by_its_reason(inbox: str) -> None:
    reject(inbox, "body_too_large")
    explanation = explain_stored(inbox, "r1")
    assert not explanation.good
    assert [cause.key for cause in explanation.causes] == ["body_too_large"]
    assert [one.name for one in list_rejections(inbox, limit=9)] == ["r1"]
    assert list_rejections(inbox, route="github", limit=9) == ()
    assert problem(explain_stored, inbox, "r2").key == "webhooks.no_rejection"


def test_a_stored_event_explains_itself(inbox: str) -> None:
    explanation = explain_stored(inbox, "evt_a")
    assert explanation.good
    assert explanation.as_json("en") == {
        "event": 1, "state": "pending", "reason": "", "causes": [],
    }  # fmt: skip


def settle(place: str) -> None:
    store = open_store(place)
    for event in store.claim("stripe", time.time(), 60.0, 10):
        store.settle(event.seq, event.attempts, "done")
    store.close()


def test_a_replay_that_is_interrupted_resumes(inbox: str, monkeypatch) -> None:
    monkeypatch.setattr("noctule.webhooks.operations.bulk_replay.PAGE", 1)
    settle(inbox)
    progress: list[ReplayProgress] = []

    def stop(step: ReplayProgress) -> None:
        progress.append(step)
        if step.count == 2:
            raise KeyboardInterrupt

    interrupted = replay_matching(inbox, ALL, on_progress=stop)
    assert interrupted.interrupted_after == 2
    rest = replay_matching(inbox, ALL, on_progress=progress.append)
    assert (rest.interrupted_after, rest.outcomes, rest.good) == (None, {"queued": 3}, True)
    assert [step.resumed for step in progress] == [False, False, True, False]
    assert replay_matching(inbox, ALL, dry_run=True).outcomes == {"waiting": 3}


def test_named_events_are_replayed(inbox: str) -> None:
    settle(inbox)
    result = replay_events(inbox, ["evt_a", "2"], dry_run=True)
    assert result.as_json() == {"outcomes": {"queued": 2}, "dry_run": True}
    assert {event.state for event in list_events(inbox, ALL, limit=9).events} == {"done"}


def test_routes_come_from_tasks_before_the_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "x")
    assert "github" in {route.provider for route in find_routes(tmp_path, ())}
    tasks = tmp_path / "integrations"
    tasks.mkdir()
    (tasks / "stripe.yaml").write_text(TASK, "utf-8")
    [route] = find_routes(tmp_path, ())
    assert (route.provider, route.path, route.secrets) == (
        "stripe", "/hooks/stripe", ("SHOP_SECRET",),
    )  # fmt: skip
    assert own_route("stripe", tmp_path) == route
    assert own_route("github", tmp_path).path == "/api/webhooks/github"
    assert problem(find_routes, tmp_path, ["nobody"]).key == "webhooks.unknown_provider"


@pytest.mark.parametrize("provider", ["stripe", "openai"])
def test_a_sample_has_the_envelope_of_its_pack(provider: str) -> None:
    event = {"stripe": "invoice.paid", "openai": "response.completed"}[provider]
    assert sample_payload(provider, event, scheme_of(provider))["object"] == "event"


def test_a_sample_of_an_unknown_event_names_similar_ones() -> None:
    unknown = problem(sample_payload, "stripe", "invoice.payd", scheme_of("stripe"))
    assert "invoice.paid" in unknown.cause("en")


def test_values_are_pairs() -> None:
    assert parse_values(["owner=o", "q=a=b"]) == {"owner": "o", "q": "a=b"}
    assert problem(parse_values, ["owner"]).place == "--set owner"
