"""No fact of a pack is written down for nobody: each field is read, and some pack fills it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noctule import providers
from noctule.providers.pack import Bilingual, Fact

SRC = Path(providers.__file__).parents[1]


def facts(kind: type[Fact] = Fact) -> list[type[Fact]]:
    return [each for child in kind.__subclasses__() for each in (child, *facts(child))]


FACTS = [kind for kind in facts() if kind.__module__ == Fact.__module__]
FIELDS = [(kind, name) for kind in FACTS for name in kind.__struct_fields__]
BELOW_PACKS = ("runtime", "apidoc")
JUDGES = (SRC / "providers" / "validation.py", SRC / "providers" / "reading.py")
"""They read every field to judge it, which is not a use."""
FOR_USERS_PACKS = {"query", "prefix", "token_url", "scopes", "sign", "error", "failed"}
"""Ways to authenticate, and to report failures, that no shipped provider has."""


@cache
def attributes_read() -> frozenset[str]:
    """Attribute names in every module that can see a pack."""
    return frozenset(
        node.attr
        for path in SRC.rglob("*.py")
        if path.relative_to(SRC).parts[0] not in BELOW_PACKS and path not in JUDGES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    )


@pytest.mark.parametrize(
    ("kind", "name"), FIELDS, ids=lambda value: getattr(value, "__name__", value)
)
def test_every_field_is_read(kind: type[Fact], name: str) -> None:
    assert name in attributes_read(), f"nothing reads {kind.__name__}.{name}"


def everything_in(value: Any) -> list[msgspec.Struct]:
    if isinstance(value, msgspec.Struct):
        return [
            value,
            *(
                each
                for name in value.__struct_fields__
                for each in everything_in(getattr(value, name))
            ),
        ]
    if isinstance(value, dict):
        return [each for item in value.values() for each in everything_in(item)]
    if isinstance(value, tuple):
        return [each for item in value for each in everything_in(item)]
    return []


@cache
def fields_filled() -> frozenset[tuple[type, str]]:
    """Fields that have another value than their default in a shipped pack."""
    return frozenset(
        (type(fact), field.name)
        for pack in providers.packs().values()
        for fact in everything_in(pack)
        for field in msgspec.structs.fields(type(fact))
        if getattr(fact, field.name) != field.default
    )


@pytest.mark.parametrize(
    ("kind", "name"), FIELDS, ids=lambda value: getattr(value, "__name__", value)
)
def test_every_field_is_filled(kind: type[Fact], name: str) -> None:
    if kind is not Bilingual and name not in FOR_USERS_PACKS:
        assert (kind, name) in fields_filled(), f"no shipped pack has {kind.__name__}.{name}"
