"""Lines break where `ruff format` would break them; literals are what they say."""

import ast
import math
import subprocess
import sys
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.codegen.python.emitter.line_breaks import (
    Brackets,
    Code,
    call,
    collection,
    flat,
    joined,
    lay_out,
    width,
)
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Imports, wrap

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=50)
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


def expression(chance: Random, depth: int) -> Code:
    """A literal, a call or a list, nested up to `depth`."""
    kind = chance.choice(["text", "number", "call", "list"]) if depth else "text"
    if kind == "text":
        return f'"{word(chance)}"'
    if kind == "number":
        return str(chance.randrange(10**9))
    inner = [expression(chance, depth - 1) for _ in range(chance.randrange(7))]
    if kind == "call":
        named = [joined(f"{word(chance)}=", code) for code in inner]
        return call("function", *named)
    return collection("[", inner or ["1"], "]")


def statement(chance: Random) -> list[str]:
    value = expression(chance, 3)
    if chance.random() < 0.5:
        return lay_out(joined(f"{word(chance)} = ", value))
    names = dict.fromkeys(word(chance) for _ in range(chance.randrange(6)))
    parameters = tuple(f"{name}: int" for name in names)
    head = Brackets(f"def {word(chance)}(", parameters, f") -> {word(chance)}:", "signature")
    body = joined("return await ", call(word(chance), value))
    return [*lay_out(head), *lay_out(body, 4)]


def word(chance: Random) -> str:
    return "x_" + "".join(chance.choices("abcdefgh", k=chance.randrange(2, 24)))


def formatted(source: str) -> str:
    """What ruff makes of it."""
    command = ["ruff", "format", "--isolated", "--line-length", "88", "-"]
    ruff = subprocess.run(
        [sys.executable, "-m", *command], input=source, capture_output=True, text=True, check=True
    )
    return ruff.stdout


@pytest.mark.parametrize("seed", range(3))
def test_ruff_finds_nothing_to_change(seed: int) -> None:
    chance = Random(seed)
    source = "\n\n\n".join("\n".join(statement(chance)) for _ in range(400)) + "\n"
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
