"""What documents say, as text that no docstring can break on."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.codegen.model.text import plain, sentence
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
