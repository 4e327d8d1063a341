"""What documents say, as text that no docstring can break on."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.codegen.model.text import plain, rest_of, sentence
from noctule.codegen.python.emitter.module import docstring


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "<p>Creates a PaymentIntent object.</p>\n<p>After…</p>",
            "Creates a PaymentIntent object.",
        ),
        ("See [the docs](https://x.test/a) now", "See the docs now."),
        ("**Bold** &amp; \u201cquoted\u201d", "Bold & 'quoted'."),
        ("Amounts, e.g. 100. Then more.", "Amounts, e.g. 100."),
        ("", ""),
        ("a " * 300, None),
    ],
)
def test_the_first_sentence_is_plain(text: str, first: str | None) -> None:
    found = sentence(text)
    assert len(found) <= 204
    if first is not None:
        assert found == first


@given(st.text(max_size=400))
def test_plain_text_is_one_printable_line(text: str) -> None:
    line = plain(text)
    assert line.isprintable()
    assert not set(line) & {'"', "\\", "\n"}


@given(st.lists(st.text(max_size=300), min_size=1, max_size=4), st.sampled_from([0, 4, 8]))
def test_a_docstring_holds_exactly_its_paragraphs(texts: list[str], indent: int) -> None:
    paragraphs = [sentence(text) or "Nothing." for text in texts]
    lines = docstring(paragraphs, indent)
    source = "\n".join(line[indent:] for line in lines)
    said = ast.literal_eval(source)
    assert said.split() == " ".join(paragraphs).split()


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [
        ("List pets. Sorted by age.", "List pets.", "Sorted by age."),
        ("List pets", "List pets.", ""),
        ("<p>List pets.</p><p>LIST PETS.</p>", "List pets.", ""),
        ("Sorted by age. Sorted by age.", "List pets.", "Sorted by age."),
        ("One. Two is longer. Three.", "Zero.", "One. Two is longer."),
        ("", "List pets.", ""),
    ],
)
def test_a_detail_repeats_no_sentence(text: str, first: str, rest: str) -> None:
    assert rest_of(text, first, 20) == rest


@given(st.text(max_size=300), st.integers(20, 320))
def test_a_detail_never_repeats_the_first_sentence(text: str, limit: int) -> None:
    rest = rest_of(text, sentence(text), limit)
    assert len(rest) <= limit + 4
    assert not rest or sentence(rest) != sentence(text)
