"""Lines break where `ruff format` would break them; literals are what they say."""

import ast
import math
import subprocess
import sys
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule.codegen.python.layout import (
    Brackets,
    Code,
    call,
    collection,
    flat,
    joined,
    lay_out,
    width,
)
from noctule.codegen.python.literals import literal, string
from noctule.codegen.python.source import Imports, wrap

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=50)
words = st.from_regex(r"[a-z_]{3,24}", fullmatch=True).map(lambda word: f"x_{word}")
scalars = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
values = st.recursive(
    scalars.filter(lambda value: not isinstance(value, float) or math.isfinite(value)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=12,
)


@given(st.text())
def test_a_string_literal_is_exactly_its_text(text: str) -> None:
    source = string(text)
    assert ast.literal_eval(source) == text
    assert "\n" not in source


@given(values)
def test_a_literal_is_its_value_on_one_line_or_many(value: Any) -> None:
    assert ast.literal_eval(flat(literal(value))) == value
    assert ast.literal_eval("\n".join(lay_out(joined("x = ", literal(value))))[4:]) == value


def arguments(inner: st.SearchStrategy[Code]) -> st.SearchStrategy[Code]:
    named = st.tuples(words, inner).map(lambda pair: joined(f"{pair[0]}=", pair[1]))
    return st.lists(named, max_size=6).map(lambda items: call("function", *items))


def listed(inner: st.SearchStrategy[Code]) -> st.SearchStrategy[Code]:
    return st.lists(inner, min_size=1, max_size=6).map(lambda items: collection("[", items, "]"))


expressions: st.SearchStrategy[Code] = st.recursive(
    words.map(lambda word: f'"{word}"') | st.integers(0, 10**9).map(str),
    lambda inner: arguments(inner) | listed(inner),
    max_leaves=14,
)


@st.composite
def statements(draw: st.DrawFn) -> list[str]:
    indent = draw(st.sampled_from([0, 4]))
    value = draw(expressions)
    if indent == 0:
        return lay_out(joined(f"{draw(words)} = ", value))
    parameters = tuple(f"{name}: int" for name in draw(st.lists(words, max_size=6, unique=True)))
    name, result = draw(words), draw(words)
    head = lay_out(Brackets(f"def {name}(", parameters, f") -> {result}:", "signature"))
    return ["", "", *head, *lay_out(joined("return await ", call(draw(words), value)), 4), "", ""]


def formatted(source: str) -> str:
    """What ruff makes of it."""
    command = ["ruff", "format", "--isolated", "--line-length", "88", "-"]
    ruff = subprocess.run(
        [sys.executable, "-m", *command], input=source, capture_output=True, text=True, check=True
    )
    return ruff.stdout


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(statements(), min_size=40, max_size=60))
def test_ruff_finds_nothing_to_change(blocks: list[list[str]]) -> None:
    bodies = [[line for line in block if line] for block in blocks]
    source = "\n\n\n".join("\n".join(body) for body in bodies) + "\n"
    ours = [line for line in source.splitlines() if line]
    assert [line for line in formatted(source).splitlines() if line] == ours


def test_wide_characters_count_twice() -> None:
    assert width("名前") == 4
    assert width("e\u0301") == 1


def test_imports_are_sorted_as_isort_sorts_them() -> None:
    imports = Imports("app")
    for module, name in (
        ("typing", "Literal"),
        ("", "time"),
        ("app.services.stripe", "Metadatas"),
        ("app.services.stripe", "MetadataTemplate"),
        ("noctule.runtime", "env"),
        ("noctule.runtime", "JSON"),
        ("noctule.runtime", "Bearer"),
        ("fastapi", "FastAPI"),
    ):
        imports.use(module, name)
    assert [list(block.lines) for block in imports.blocks()] == [
        ["import time", "from typing import Literal"],
        ["from fastapi import FastAPI", "from noctule.runtime import JSON, Bearer, env"],
        ["from app.services.stripe import Metadatas, MetadataTemplate"],
    ]


@given(st.lists(st.from_regex(r"[a-z]{1,30}", fullmatch=True), min_size=1, max_size=40))
def test_wrapped_text_keeps_every_word(found: list[str]) -> None:
    lines = wrap(" ".join(found), "    ", "    ")
    assert " ".join(lines).split() == found
    assert all(len(line) <= 88 for line in lines)
