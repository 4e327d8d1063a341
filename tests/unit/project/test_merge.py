"""Three texts into one: nothing anybody wrote is lost."""

import os
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule.codegen.python.merge import combine_definitions, merge_imports
from noctule.project.merging.line_diff import matches
from noctule.project.merging.three_way import BETWEEN, THEIRS, YOURS, has_conflict_markers, merge

PAIRS = int(os.environ.get("NOCTULE_MERGE_PAIRS", "300"))
"""Edit and upgrade pairs of the property test; 10,000 is the figure that is reported."""
MARKERS = {f"{marker}\n" for marker in (YOURS, BETWEEN, THEIRS)}
words = st.sampled_from(["", "    )", "x = 1", "def f():", "    return 1", "# why", "}", "y", "z"])
lines = st.lists(words, max_size=14)


@st.composite
def edited(draw: st.DrawFn, base: list[str], who: str) -> list[str]:
    """`base` after some insertions, deletions, replacements and moves."""
    text = list(base)
    for number in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "same", "delete", "replace", "move"])):
            case "insert":
                text[at:at] = [f"{who} {number}", *draw(st.lists(words, max_size=2))]
            case "same":
                text.insert(at, draw(words))
            case "delete":
                del text[at : at + draw(st.integers(1, 3))]
            case "replace":
                text[at : at + 1] = [f"{who} instead {number}"]
            case _ if text:
                text.insert(at, text.pop(draw(st.integers(0, len(text) - 1))))
    return text


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str, str]:
    base = draw(lines)
    texts = (base, draw(edited(base, "mine")), draw(edited(base, "theirs")))
    ends = draw(st.sampled_from(["\n", ""]))
    base_, mine, theirs = ("".join(f"{line}\n" for line in text) for text in texts)
    return base_, mine.removesuffix("\n") + ends if mine else mine, theirs


def counted(text: str) -> Counter[str]:
    return (
        Counter(f"{line}\n" for line in text.removesuffix("\n").split("\n")) if text else Counter()
    )


@settings(max_examples=PAIRS, suppress_health_check=[HealthCheck.too_slow])
@given(versions())
def test_no_line_of_anybody_is_lost(texts: tuple[str, str, str]) -> None:
    base, mine, theirs = texts
    merged = merge(base, mine, theirs, combine_definitions)
    result = counted(merged.text)
    for side in (mine, theirs):
        assert not counted(side) - counted(base) - result
    assert set(result) <= set(counted(mine)) | set(counted(theirs)) | MARKERS
    assert (
        bool(MARKERS & set(result)) == (merged.conflicts > 0) == has_conflict_markers(merged.text)
    )


@settings(max_examples=100)
@given(versions())
def test_what_one_side_left_alone_is_the_others(texts: tuple[str, str, str]) -> None:
    base, mine, theirs = texts
    assert counted(merge(base, mine, base).text) == counted(mine)
    assert merge(base, base, theirs).text == theirs
    assert merge(base, theirs, theirs).text == theirs


@settings(max_examples=100)
@given(lines, lines)
def test_matches_rise_and_match(old: list[str], new: list[str]) -> None:
    pairs = matches(old, new)
    assert all(old[left] == new[right] for left, right in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    assert matches(old, old) == [(at, at) for at in range(len(old))]


def test_both_sides_of_an_overlap_stand_between_markers() -> None:
    merged = merge("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n")
    assert merged.text == f"a\n{YOURS}\nmine\n{BETWEEN}\ntheirs\n{THEIRS}\nc\n"
    assert merged.conflicts == 1


def test_a_change_beside_a_change_is_an_overlap() -> None:
    assert merge("a\nb\n", "A\nb\n", "a\nB\n").conflicts == 1


BASE = '''\
"""Module."""

from noctule.runtime import Model, Service


class Shop(Service):
    async def one(self) -> int:
        """One."""
        return 1
'''


def test_methods_that_both_added_at_the_end_stand_one_after_the_other() -> None:
    mine = BASE + "\n    async def own(self) -> int:\n        return 3\n"
    theirs = BASE + "\n    async def two(self) -> int:\n        return 2\n"
    merged = merge(BASE, mine, theirs, combine_definitions)
    assert merged.conflicts == 0
    assert merged.text.endswith(
        "\n    async def two(self) -> int:\n        return 2\n"
        "\n    async def own(self) -> int:\n        return 3\n"
    )


def test_two_methods_of_one_name_are_an_overlap() -> None:
    mine = BASE + "\n    async def two(self) -> int:\n        return 3\n"
    theirs = BASE + "\n    async def two(self) -> int:\n        return 2\n"
    assert merge(BASE, mine, theirs, combine_definitions).conflicts == 1


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        ("Service, env", "Model, Service, field", "Service, env, field"),
        ("Model, Service", "Service", "Service"),
        ("Model, Service, env", "Model, Service", "Model, Service, env"),
    ],
)
def test_imports_are_merged_by_name(mine: str, theirs: str, merged: str) -> None:
    start = "from noctule.runtime import "
    texts = [BASE.replace("Model, Service", names) for names in ("Model, Service", mine, theirs)]
    base, own, new = merge_imports(*texts, "app")
    result = merge(base, own, new, combine_definitions)
    assert result.conflicts == 0
    assert f"{start}{merged}\n" in result.text


def test_an_import_that_only_the_user_needs_now_stays() -> None:
    mine = BASE.replace("return 1", "return Model")
    texts = merge_imports(BASE, mine, BASE.replace("Model, ", ""), "app")
    assert "import Model, Service\n" in merge(*texts, combine_definitions).text


def test_imports_with_comments_are_left_to_their_owner() -> None:
    mine = BASE.replace("Model, Service", "Model, Service  # noqa: F401")
    theirs = BASE.replace("Model", "Model, Thing")
    assert merge_imports(BASE, mine, theirs, "app") == (BASE, mine, theirs)


@pytest.mark.parametrize("text", ["a\n=======\nb\n", "<<<<<<< x\n", "", ">>>>>>> y\n=======\n"])
def test_a_line_of_signs_is_no_marker(text: str) -> None:
    assert not has_conflict_markers(text)


def test_gits_markers_count() -> None:
    assert has_conflict_markers("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> branch\n")
