"""From a TOML file to a `Pack`: strict, and exact about what is wrong and where."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from noctule.problem import Exit, Problem
from noctule.providers.pack import (
    EnvFact,
    Erratum,
    EventFact,
    Fact,
    Need,
    OperationFact,
    Pack,
)

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
F = TypeVar("F", bound=Fact)

_KEYED: tuple[tuple[str, type[Fact], str], ...] = (
    ("needs", Need, "id"),
    ("operations", OperationFact, "key"),
    ("events", EventFact, "name"),
    ("env", EnvFact, "name"),
    ("errata", Erratum, "id"),
)
"""Sections whose tables are named by a key of their own: `[operations."POST /v1/x"]`."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_CAUSES = (
    ("providers.unknown_key", re.compile(r"Object contains unknown field `(?P<key>.+?)`")),
    ("providers.missing_key", re.compile(r"Object missing required field `(?P<key>.+?)`")),
)
_WHERE = re.compile(r" - at `\$\.?(?P<path>.*)`$")


def read(path: Path) -> Pack:
    """The pack in `path`, whose name must be `<id>.toml`. Raises Problem."""
    tables = _tables(path)
    _infer_idempotence(tables.get("operations"))
    for section, kind, label in _KEYED:
        tables[section] = _named(tables, section, kind, label, path)
    tables["env"] = tuple(tables["env"].values())
    tables["errata"] = tuple(tables["errata"].values())
    # One name per line: hundreds of names as a TOML array cost the reader ten times as much.
    tables["event_names"] = _lines(tables.get("event_names", ""), path) | set(tables["events"])
    pack = _convert(tables | {"path": path}, Pack, "", path)
    if pack.id != path.stem:
        raise _broken("providers.wrong_name", path, "id", id=pack.id)
    return pack


def _tables(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _broken("providers.unreadable", path, "", cause=error.strerror) from error
    if len(data) > MAX_BYTES:
        raise _broken("providers.too_large", path, "", limit=MAX_BYTES)
    try:
        tables = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _broken("providers.not_toml", path, "", cause=error) from error
    if "path" in tables:
        raise _broken("providers.unknown_key", path, "path")
    return tables


def _infer_idempotence(operations: object) -> None:
    """What RFC 9110 (9.2.2) says of the method holds unless the pack says otherwise."""
    for key, table in operations.items() if isinstance(operations, dict) else ():
        if isinstance(table, dict):
            table.setdefault("idempotent", key.split(" ")[0] in _IDEMPOTENT)


def _named(
    tables: dict[str, Any], section: str, kind: type[F], label: str, path: Path
) -> dict[str, F]:
    """The tables of one section, each told the key it stands under."""
    found = tables.get(section, {})
    if not isinstance(found, dict):
        raise _broken("providers.wrong_type", path, section, cause="Expected a table")
    result: dict[str, F] = {}
    for name, table in found.items():
        where = f'{section}."{name}"'
        if not isinstance(table, dict):
            raise _broken("providers.wrong_type", path, where, cause="Expected a table")
        if label in table:
            raise _broken("providers.unknown_key", path, f"{where}.{label}")
        result[name] = _convert({**table, label: name}, kind, where, path)
    return result


def _lines(text: object, path: Path) -> frozenset[str]:
    if not isinstance(text, str):
        raise _broken("providers.wrong_type", path, "event_names", cause="Expected a text")
    return frozenset(text.split())


def _convert(table: dict[str, Any], kind: type[F], where: str, path: Path) -> F:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), where, path) from error


def _explained(message: str, where: str, path: Path) -> Problem:
    """msgspec's message as an entry of the catalogue."""
    place = _WHERE.search(message)
    steps = [where, place["path"] if place else ""]
    for key, pattern in _CAUSES:
        if match := pattern.search(message):
            return _broken(key, path, ".".join(filter(None, [*steps, match["key"]])))
    cause = _WHERE.sub("", message)
    return _broken("providers.wrong_type", path, ".".join(filter(None, steps)), cause=cause)


def _broken(key: str, path: Path, pack_key: str, **params: object) -> Problem:
    return Problem(key, exit=Exit.USAGE, place=str(path), key_path=pack_key, **params)
