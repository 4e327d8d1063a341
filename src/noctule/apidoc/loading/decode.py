"""Bytes to plain data: JSON or YAML, or a clear error."""

from __future__ import annotations

import gc
import json
import re
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from noctule.apidoc import bounds
from noctule.json_types import is_list, is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(frozen=True)
class DecodedFile:
    """The data, and the places of duplicate keys."""

    value: Any
    duplicates: tuple[str, ...] = ()


def decode(data: bytes, *, place: str) -> DecodedFile:
    """The data of a JSON or YAML text. Raises Problem (USAGE) that names line and cause."""
    if len(data) > bounds.MAX_BYTES:
        refuse("too_large", place, limit=bounds.MAX_BYTES // 2**20)
    text = as_text(data, place).lstrip("\ufeff")
    start = text.lstrip()[:1]
    if not start:
        refuse("empty", place)
    if start == "<":
        refuse("markup", place)
    with no_collection():
        decoded = as_json(text, place) if start in "{[" else as_yaml(text, place)
        if deeper_than(decoded.value, bounds.MAX_NESTING):
            refuse("too_deep", place, limit=bounds.MAX_NESTING)
    return decoded


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@contextmanager
def no_collection() -> Generator[None]:
    """Pause the garbage collector: it would scan a growing document again and again, a third of the
    time of a large one, although the data has no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


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


def as_json(text: str, place: str) -> DecodedFile:
    """JSON, or what looks like it and is YAML."""
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            counted = Counter(key for key, _ in pairs)
            duplicates.extend(key for key, count in counted.items() if count > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        if len(text) <= bounds.MAX_FLOW_BYTES:
            with suppress(Problem):  # comments, trailing commas, bare keys: YAML in flow style
                return as_yaml(text, place)
        refuse("malformed", f"{place}:{error.lineno}:{error.colno}", cause=error.msg, form="JSON")
    except RecursionError:
        refuse("too_deep", place, limit=bounds.MAX_NESTING)
    except ValueError as error:
        refuse("malformed", place, cause=str(error), form="JSON")
    if _SURROGATE.search(text):
        value = well_formed(value)
    return DecodedFile(value, tuple(duplicates))


def well_formed(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair, which no file can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if is_object(value):
        return {well_formed(key): well_formed(member) for key, member in value.items()}
    return [well_formed(element) for element in value] if is_list(value) else value


def as_yaml(text: str, place: str) -> DecodedFile:
    if len(text) > bounds.MAX_YAML_BYTES:
        refuse("yaml_too_large", place, limit=bounds.MAX_YAML_BYTES // 2**20)
    from noctule.apidoc.loading import yaml_text  # PyYAML is loaded where it is needed

    try:
        return DecodedFile(*yaml_text.read(text))
    except yaml_text.YamlError as error:
        refuse("malformed", f"{place}:{error.line}", cause=error.cause, form="YAML")


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def deeper_than(value: Any, limit: int) -> bool:
    """Level by level, so that depth costs no stack; what was decoded is made of plain dicts and
    lists, so that their exact type is enough to know them by."""
    containers = (dict, list)
    level: list[Any] = [value] if type(value) in containers else []
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if is_object(outer) else outer)
            if type(inner) in containers
        ]
        if not level:
            return False
    return bool(level)


def refuse(name: str, place: str, **params: object) -> NoReturn:
    raise Problem(f"apidoc.{name}", exit=Exit.USAGE, place=place, **params)
