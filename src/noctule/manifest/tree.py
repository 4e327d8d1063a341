"""YAML text as a tree of nodes with line numbers.

A task file can come from anyone: its size and depth are bounded, and YAML beyond plain data
(aliases, tags, duplicate keys) is refused. As in YAML 1.2, `no` and `2026-01-02` are strings.
PyYAML is imported on first use: `noctule --help` never needs it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS = 512 * 1024
MAX_DEPTH = 32

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"-?[0-9]{1,4000}")
_FLOAT = re.compile(r"-?[0-9.]+(e[-+]?[0-9]+)?")


@dataclass(slots=True)
class YamlNode:
    value: str | list[YamlNode] | dict[str, YamlNode]
    line: int
    """From 1."""
    plain: bool = False
    """An unquoted scalar, which may be a number, a boolean or null."""

    def data(self) -> Any:
        """Strings, numbers, booleans, None, lists and dicts."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return plain_scalar(self.value) if self.plain else self.value


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar.

    It is a number only if writing it back gives the same characters: `1.10`, `0033` and `+33` are
    versions and telephone numbers, and stay strings.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    for pattern, kind in ((_INT, int), (_FLOAT, float)):
        if pattern.fullmatch(text):
            with suppress(ValueError):
                number = kind(text)
                if str(number) == text:
                    return number
    return text


def parse(text: str, place: str) -> YamlNode:
    """The single document in `text`. Raises `Problem` (exit 2) with `place` and the line."""
    import yaml

    if len(text) > MAX_CHARACTERS:
        raise Problem(
            "manifest.too_large", exit=Exit.USAGE, place=place, limit=MAX_CHARACTERS // 1024
        )
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader), place).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(place, mark.line + 1 if mark else 1, error.problem or error.context or "YAML")
    except yaml.YAMLError as error:
        _refuse(place, 1, " ".join(str(error).split()))


def _refuse(place: str, line: int, cause: str) -> NoReturn:
    raise Problem(
        "manifest.not_yaml", exit=Exit.USAGE, place=f"{place}:{line}", cause=cause
    ) from None


class _Composer:
    """Builds nodes from PyYAML's events."""

    def __init__(self, events: Iterator[Any], place: str) -> None:
        self.events = events
        self.place = place

    def document(self) -> YamlNode:
        import yaml

        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                root = self.node(event, 0)
                break
        else:
            return YamlNode({}, 1)
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                self.refuse("manifest.several_documents", event)
        return root

    def node(self, event: Any, depth: int) -> YamlNode:
        import yaml

        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.refuse("manifest.alias", event)
        if event.tag is not None:
            self.refuse("manifest.tag", event)
        if depth > MAX_DEPTH:
            self.refuse("manifest.too_deep", event)
        if isinstance(event, yaml.ScalarEvent):
            return YamlNode(event.value, line, plain=event.style is None)
        if isinstance(event, yaml.SequenceStartEvent):
            return YamlNode(self.sequence(depth), line)
        return YamlNode(self.mapping(depth), line)

    def sequence(self, depth: int) -> list[YamlNode]:
        import yaml

        items: list[YamlNode] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return items

    def mapping(self, depth: int) -> dict[str, YamlNode]:
        import yaml

        items: dict[str, YamlNode] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1).value
            if not isinstance(key, str):
                self.refuse("manifest.key_not_text", event)
            if key in items:
                self.refuse("manifest.duplicate_key", event, name=key)
            items[key] = self.node(next(self.events), depth + 1)
        return items

    def refuse(self, key: str, event: Any, **params: object) -> NoReturn:
        place = f"{self.place}:{event.start_mark.line + 1}"
        raise Problem(key, exit=Exit.USAGE, place=place, limit=MAX_DEPTH, **params)
