"""Random schedules of senders, networks and attackers: what docs/identity.md promises holds.

`NOCTULE_SCHEDULES` is the number for each family of providers (`make schedules`: 10,000).
"""

from __future__ import annotations

import os

import pytest

from noctule.webhooks.schemes.identity import Ground
from noctule.webhooks.store.open import open_store
from support.delivery_model import FAMILIES, Schedule, play

SCHEDULES = int(os.environ.get("NOCTULE_SCHEDULES", "30"))


@pytest.fixture
def memory():
    store = open_store(":memory:")
    yield store
    store.close()


def test_every_ground_has_a_family():
    assert {Schedule(name, 0).ground for name in FAMILIES} == set(Ground)


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_is_lost_handled_twice_or_replayed(name, memory):
    outcomes = play(memory, name, range(SCHEDULES // 2))
    assert outcomes["accepted"] >= SCHEDULES
    repeats = outcomes["duplicate"] + outcomes["quarantined"] + outcomes["repeated"]
    assert repeats >= SCHEDULES // 4
