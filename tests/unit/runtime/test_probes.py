"""A trial call that is cancelled does not block the next one."""

from __future__ import annotations

import asyncio

from benchmarks.runtime import probes


def test_a_trial_call_cancelled_at_any_await_is_followed_by_the_next() -> None:
    count = asyncio.run(probes.cancelled(waits=(1, 4)))
    assert count["cut off"] > 40
    assert count["recovered"] == count["cut off"]


def test_an_interrupt_anywhere_leaves_no_lock_behind() -> None:
    count, _ = probes.interrupted()
    assert count["cut off"] > 50
    assert count["recovered"] + count["recovered later"] == count["cut off"]
    assert count["recovered"] > 0.8 * count["cut off"]


def test_exactly_one_of_fifty_tasks_probes() -> None:
    assert asyncio.run(probes.tasks(rounds=6)) == 6


def test_exactly_one_of_thirty_threads_probes() -> None:
    assert probes.threads(rounds=4) == 4
