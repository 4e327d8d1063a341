"""YAML is read as plain data, whatever YAML 1.1 makes of it elsewhere, and within bounds."""

import json
import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from noctule.apidoc import bounds, parse
from noctule.apidoc.loading.yaml_text import FLOAT, YamlError, read
from noctule.problem import Exit, Problem

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_is_read_alike_as_yaml(value: object) -> None:
    assert read(json.dumps(value, ensure_ascii=False))[0] == value


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({"": "0E0"})
def test_block_style_is_read_alike(value: object) -> None:
    quoted = yaml.dump(value, default_style='"', allow_unicode=True)
    plain = yaml.safe_dump(value, allow_unicode=True)
    for text in (quoted, plain):
        assert untyped(read(text)[0]) == untyped(value)


def untyped(value: object) -> object:
    """PyYAML's dumper tags quoted numbers and writes some floats in a YAML 1.1 way; it leaves a
    text such as 0E0 unquoted, which is a number in YAML 1.2."""
    if isinstance(value, dict):
        return {key: untyped(held) for key, held in value.items()}
    if isinstance(value, list):
        return [untyped(held) for held in value]
    if isinstance(value, str) and FLOAT.match(value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("no", "no"), ("on", "on"), ("y", "y"), ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"), ("12:30:45", "12:30:45"),
        ("0123", "0123"), ("0o17", "0o17"), ("0x1F", "0x1F"), ("1_000", "1_000"), (".inf", ".inf"),
        ("1.0.0", "1.0.0"), ("+33", 33), ("-7", -7), ("1e3", 1000.0), ("1.", 1.0), (".5", 0.5),
        ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None), ("'1'", "1"),
        ("!!str 1", "1"), ("!!int '3'", 3), ("!!binary aGk=", "aGk="), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(plain: str, expected: object) -> None:
    assert read(f"a: {plain}")[0] == {"a": expected}


def test_keys_are_strings() -> None:
    assert read("200: a\ntrue: b\nnull: c\n1.5: d")[0] == {
        "200": "a", "true": "b", "null": "c", "1.5": "d",
    }  # fmt: skip


def test_merge_keys() -> None:
    text = """
    base: &base {a: 1, b: 2}
    more: &more {b: 3, c: 4}
    one: {<<: *base, b: 9}
    several: {<<: [*base, *more], d: 5}
    """
    value = read(text)[0]
    assert value["one"] == {"a": 1, "b": 9}
    assert value["several"] == {"a": 1, "b": 2, "c": 4, "d": 5}


def test_aliases_stand_for_their_anchor() -> None:
    assert read("a: &x [1, {b: &y 2}]\nc: *x\nd: *y")[0] == {
        "a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": 2,
    }  # fmt: skip


def test_keys_stated_twice_are_reported_and_the_last_counts() -> None:
    value, duplicates = read("a: 1\nb:\n  c: 1\n  c: 2\na: 3")
    assert value == {"a": 3, "b": {"c": 2}}
    assert duplicates == ("line 4: c", "line 5: a")


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("a: 1\nb: [1,\nc: 2\n", 4, ""),
        ("a: 1\n b: 2", 2, ""),
        ("a: *gone", 1, "*gone stands for nothing"),
        ("a: &x [*x]", 1, "*x stands for nothing"),
        ("? [1]\n: 2", 1, "a key must be a scalar"),
        ("&x [1]: 2", 1, "a key must be a scalar"),
        ("a: {<<: [1]}", 1, "<< takes over mappings only"),
        ("a: !!python/object/apply:os.system [id]", 1, "not plain data"),
        ("a: !Box {b: 1}", 1, "the tag !Box"),
        ("a:\n  - !!python/name:os.system x", 2, "not plain data"),
        ("a: !Ref x", 1, "the tag !Ref"),
        ("\tx: 1", 1, ""),
        ("a: " + "[" * 250 + "]" * 250, 1, "levels deep"),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_line(text: str, line: int, cause: str) -> None:
    with pytest.raises(YamlError) as raised:
        read(text)
    assert raised.value.line == line
    assert cause in raised.value.cause


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.process_time()
    with pytest.raises(Problem) as raised:
        parse("\n".join(["openapi: 3.0.0", *rows]).encode(), source="bomb.yaml")
    assert time.process_time() - started < 1
    assert raised.value.exit is Exit.USAGE
    assert raised.value.place == "bomb.yaml:7"


def test_many_honest_aliases_are_fine() -> None:
    rows = [f"  - {{use: *shared, n: {n}}}" for n in range(1000)]
    text = "\n".join(["shared: &shared {a: [1, 2, 3]}", "list:", *rows])
    assert len(read(text)[0]["list"]) == 1000


def test_yaml_beyond_its_bound_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_YAML_BYTES", 100)
    with pytest.raises(Problem) as raised:
        parse(b"openapi: 3.0.0\n" + b"# filler\n" * 20, source="big.yaml")
    assert raised.value.key == "apidoc.yaml_too_large"


def test_a_yaml_document() -> None:
    document = parse(
        b"""
openapi: 3.0.3
info: {title: Pets, version: 1.10}
paths:
  /pets:
    get:
      responses:
        200: {description: fine}
        default: {description: off}
components:
  schemas:
    Answer: {type: string, enum: [yes, no, 'null', null]}
""",
        source="pets.yaml",
    )
    assert list(document.operations["GET /pets"].responses) == ["200", "default"]
    assert document.schemas["Answer"].enum == ("yes", "no", "null")
    assert document.schemas["Answer"].nullable


def test_json_with_comments_is_read_as_yaml() -> None:
    text = b'{"openapi": "3.0.0", # the version\n "paths": {"/a": {"get": {}},},}'
    assert list(parse(text, source="x").operations) == ["GET /a"]
