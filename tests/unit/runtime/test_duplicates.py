"""No call does its effect twice, whatever happens to it (the benchmark runs 20,000 of these)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from benchmarks.runtime import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("noctule")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("seed", [2, 3])
def test_one_call_one_effect(seed: int) -> None:
    figures = duplicates.run(1500, seed)
    assert figures["requests"] > 1800
    assert figures["duplicates"] == 0


def test_a_provider_that_ignores_the_key_would_be_found_out() -> None:
    assert duplicates.run(300, honours=False)["duplicates"] > 0
