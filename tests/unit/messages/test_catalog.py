"""The catalogue is complete: every message in both languages, with the same holes to fill."""

import re
import tomllib
from importlib import resources
from string import Formatter

import pytest

from noctule.messages import catalog, say

ROOMS = sorted(
    entry.name.removesuffix(".toml")
    for entry in resources.files("noctule.messages").joinpath("catalog").iterdir()
    if entry.name.endswith(".toml")
)


def holes(template: str, language: str) -> set[str]:
    """Names of the holes: "wants" where an English text has "wants_en", a French one "wants_fr"."""
    names = (re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(template) if name)
    return {name.removesuffix(f"_{language}") for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_messages_read_one_by_one_are_those_of_the_file(room: str) -> None:
    file = resources.files("noctule.messages").joinpath("catalog", f"{room}.toml")
    assert catalog(room) == tomllib.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_message_speaks_both_languages(room: str) -> None:
    for name, texts in catalog(room).items():
        assert {"en", "fr"} <= set(texts), f"{room}.{name} lacks a language"
        assert set(texts) <= {"en", "fr", "next_en", "next_fr"}, f"{room}.{name} has a stray key"
        assert ("next_en" in texts) == ("next_fr" in texts), f"{room}.{name} has half a next step"


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_fill_the_same_holes(room: str) -> None:
    for name, texts in catalog(room).items():
        for kind in ("", "next_"):
            english, french = (holes(texts.get(f"{kind}{lang}", ""), lang) for lang in ("en", "fr"))
            assert english == french, f"{room}.{name}"


@pytest.mark.parametrize("room", ROOMS)
def test_french_is_not_a_copy_of_english(room: str) -> None:
    same = [
        name
        for name, texts in catalog(room).items()
        if texts["en"] == texts["fr"] and len(texts["en"].split()) > 3
    ]
    assert same == []


def test_a_missing_next_step_is_an_empty_text() -> None:
    assert say("en", "cli.planned", "next") == ""
