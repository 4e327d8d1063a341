"""A trial call that is cut off does not block the next; `runtime.trial_calls` has all schedules."""

from __future__ import annotations

import asyncio

from benchmarks.runtime import trial_calls


def test_a_trial_call_cancelled_at_any_await_is_followed_by_the_next() -> None:
    count = asyncio.run(trial_calls.cancelled(waits=(1, 4)))
    assert count["cut off"] > 40
    assert count["recovered"] == count["cut off"]


def test_an_interrupt_anywhere_leaves_no_lock_behind() -> None:
    count, _ = trial_calls.interrupted()
    assert count["cut off"] > 50
    assert count["recovered"] + count["recovered later"] == count["cut off"]
    assert count["recovered"] > 0.8 * count["cut off"]


def test_exactly_one_of_fifty_tasks_makes_the_trial_call() -> None:
    assert asyncio.run(trial_calls.tasks(rounds=6)) == 6


def test_exactly_one_of_thirty_threads_makes_the_trial_call() -> None:
    assert trial_calls.threads(rounds=4) == 4
