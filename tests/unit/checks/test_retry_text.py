from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.checks.retry_text import contradiction, retry_text
from noctule.messages import LANGUAGES

waits = st.lists(st.integers(1, 60).map(lambda n: f"{n}s"), min_size=2, max_size=6).map(tuple)


@given(waits, st.sampled_from(LANGUAGES))
def test_what_the_planner_writes_never_contradicts_itself(
    waits: tuple[str, ...], language: str
) -> None:
    assert contradiction(retry_text(language, waits)) is None


@given(waits, st.integers(1, 9), st.sampled_from(["attempts", "essais", "tentatives", "tries"]))
def test_a_count_of_attempts_holds_exactly_when_it_is_one_more_than_the_waits(
    waits: tuple[str, ...], count: int, word: str
) -> None:
    found = contradiction(f"{count} {word}, backoff ({', '.join(waits)})")
    assert (found is None) == (count == len(waits) + 1)
    if found:
        assert found.attempts == len(waits) + 1
        assert found.waits == waits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exponential backoff",
        "4 attempts, exponential backoff (1s, 2s, 4s)",
        "3 retries (1s, 2s, 4s)",
        "retry 3 times (1s, 2s, 4s)",
        "réessayer 3 fois (1s, 2s, 4s)",
        "3 nouvelles tentatives, soit 4 essais (1 s, 2 s et 4 s)",
        "trois relances (1s, 2s, 4s)",
        "4 attempts in total, 3 retries",
        "3 attempts, timeout 10s",
        "3 attempts, wait 2s between",
        "5 attempts (1s, 2s, 4s, ...)",
        "4 attempts (500ms, 1s, 2s), max 30s",
    ],
)
def test_texts_that_hold(text: str) -> None:
    assert contradiction(text) is None


@pytest.mark.parametrize(
    ("text", "said", "attempts"),
    [
        ("3 attempts, exponential backoff (1s, 2s, 4s)", "3 attempts", 4),
        ("3 essais, backoff exponentiel (1s, 2s, 4s)", "3 essais", 4),
        ("trois tentatives (1 s, 2 s puis 4 s)", "trois tentatives", 4),
        ("4 retries (1, 2, 4 s)", "4 retries", 4),
        ("Retry 5 times (1s, 2s)", "retry 5 times", 3),
        ("2 nouvelles tentatives (1s/2s/4s)", "2 nouvelles tentatives", 4),
        ("3 attempts with 3 retries", "3 attempts", 4),
    ],
)
def test_texts_that_contradict_themselves(text: str, said: str, attempts: int) -> None:
    found = contradiction(text)
    assert found is not None
    assert (found.statement, found.attempts) == (said, attempts)
