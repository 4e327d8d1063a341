"""Bytes to plain data, JSON or YAML, with one clear refusal for all else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from noctule.apidoc import yaml_text
from noctule.apidoc.plain import is_dict, is_list
from noctule.problem import Exit, Problem

MAX_BYTES = 64 * 1024 * 1024
MAX_YAML_BYTES = 24 * 1024 * 1024
"""YAML costs some thirty times JSON's time; a document this large exists as JSON too."""
MAX_FLOW_BYTES = 2 * 1024 * 1024
"""Broken JSON larger than this is not tried as YAML."""
MAX_NESTING = yaml_text.MAX_NESTING


@dataclass(frozen=True)
class Decoded:
    """The data, and the places where the text states one key twice."""

    value: Any
    duplicates: tuple[str, ...] = ()


def decode(data: bytes, *, place: str) -> Decoded:
    """The data of a JSON or YAML text. Raises Problem (USAGE) that names line and cause."""
    if len(data) > MAX_BYTES:
        refuse("too_large", place, limit=MAX_BYTES // 2**20, size=round(len(data) / 2**20))
    text = as_text(data, place).lstrip("\ufeff")
    start = text.lstrip()[:1]
    if not start:
        refuse("empty", place)
    if start == "<":
        refuse("markup", place)
    decoded = as_json(text, place) if start in "{[" else None
    decoded = decoded or as_yaml(text, place)
    if deeper_than(decoded.value, MAX_NESTING):
        refuse("too_deep", place, limit=MAX_NESTING)
    return decoded


def as_text(data: bytes, place: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:4]:
        encoding = json.detect_encoding(data)
    else:
        encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        refuse("not_text", place, line=line, encoding=encoding)


def as_json(text: str, place: str) -> Decoded | None:
    """None where the text is no JSON but may be YAML in flow style."""
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            duplicates.extend(key for key in found if keys.count(key) > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        flow = None if len(text) > MAX_FLOW_BYTES else yaml_or_none(text)
        if flow is not None:
            return flow
        refuse("malformed", f"{place}:{error.lineno}:{error.colno}", cause=error.msg, form="JSON")
    except RecursionError:
        refuse("too_deep", place, limit=MAX_NESTING)
    except ValueError as error:
        refuse("malformed", place, cause=str(error), form="JSON")
    return Decoded(value, tuple(duplicates))


def yaml_or_none(text: str) -> Decoded | None:
    """JSON-like YAML (comments, trailing commas, bare keys); None where it is not even that."""
    try:
        return Decoded(*yaml_text.read(text))
    except yaml_text.YamlError:
        return None


def as_yaml(text: str, place: str) -> Decoded:
    if len(text) > MAX_YAML_BYTES:
        refuse(
            "yaml_too_large", place, limit=MAX_YAML_BYTES // 2**20, size=round(len(text) / 2**20)
        )
    try:
        return Decoded(*yaml_text.read(text))
    except yaml_text.YamlError as error:
        refuse("malformed", f"{place}:{error.line}", cause=error.cause, form="YAML")


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def deeper_than(value: Any, limit: int) -> bool:
    """Level by level, so that depth costs no stack."""
    level: list[Any] = [value] if is_dict(value) or is_list(value) else []
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if is_dict(outer) else outer)
            if is_dict(inner) or is_list(inner)
        ]
        if not level:
            return False
    return bool(level)


def refuse(name: str, place: str, **params: object) -> NoReturn:
    raise Problem(f"apidoc.{name}", exit=Exit.USAGE, place=place, **params)
