"""Reads a TOML file as a `Pack`: strictly, with the exact place of an error."""

from __future__ import annotations

import re
import tomllib
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from noctule.problem import Exit, Problem
from noctule.providers.pack import (
    EnvFact,
    Environment,
    Erratum,
    EventFact,
    Fact,
    Names,
    Need,
    OperationFact,
    Pack,
)

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
F = TypeVar("F", bound=Fact)

_KEYED: tuple[tuple[str, type[Fact], str], ...] = (
    ("environments", Environment, ""),
    ("env", EnvFact, "name"),
    ("needs", Need, "id"),
    ("operations", OperationFact, "key"),
    ("events", EventFact, "name"),
    ("errata", Erratum, "id"),
)
"""Sections of named tables, `[operations."POST /v1/x"]`, and the field for the name."""

_NEW_NAMES = {"probed": "compared", "checked_against": "compared_with"}

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""RFC 9110, section 9.2.2."""

_CAUSES = (
    ("providers.unknown_key", re.compile(r"Object contains unknown field `(?P<key>.+?)`")),
    ("providers.missing_key", re.compile(r"Object missing required field `(?P<key>.+?)`")),
    ("providers.wrong_type", re.compile(r"Expected `(?P<wanted>.+?)`, got `(?P<got>.+?)`")),
    ("providers.wrong_value", re.compile(r"Invalid enum value (?P<value>.+?)(?: - at|$)")),
)
_HEAD = re.compile(r"^(?:\[|event_names)", re.MULTILINE)
"""The start of what follows the names."""
_WHERE = re.compile(r" - at `\$\.?(?P<path>.*)`$")


def read(path: Path) -> Pack:
    """The pack in `path`, whose name must be `<id>.toml`. Raises Problem."""
    tables = _renamed(_tables(path))
    for section, kind, label in _KEYED:
        tables[section] = _named(tables.get(section, {}), section, kind, label, path)
    # One name per line: hundreds of names as a TOML array cost the reader ten times as much.
    lines = tables.get("event_names", "\n".join(tables["events"]))
    if not isinstance(lines, str):
        raise _broken("providers.wrong_type", path, "event_names", wanted="str", got=_kind(lines))
    pack = _convert(
        tables
        | {
            "path": path,
            "env": tuple(tables["env"].values()),
            "errata": tuple(tables["errata"].values()),
            "event_names": frozenset(lines.split()),
        },
        Pack,
        "",
        path,
    )
    if pack.id != path.stem:
        raise _broken("providers.wrong_name", path, "id", id=pack.id)
    return pack


def read_names(path: Path) -> Names:
    """The names of the pack in `path`. Raises Problem."""
    text = _text(path)
    head = _HEAD.split(text, maxsplit=1)[0]
    try:
        tables = tomllib.loads(head)
        with _TYPES:
            names = msgspec.convert(tables | {"complete": "\n[document]" in text}, Names)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        pack = read(path)
        return Names(
            id=pack.id,
            name=pack.name,
            aliases=pack.aliases,
            ordinary=pack.ordinary,
            complete=pack.complete,
        )
    return names


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _broken("providers.unreadable", path, "", cause=error.strerror) from error
    if len(data) > MAX_BYTES:
        raise _broken("providers.too_large", path, "", limit=MAX_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _broken("providers.not_toml", path, "", cause=error) from error


def _tables(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise _broken("providers.not_toml", path, "", cause=error) from error
    if "path" in tables:
        raise _broken("providers.unknown_key", path, "path")
    return tables


def _renamed(tables: dict[str, Any]) -> dict[str, Any]:
    """The same with today's names for keys that had another one."""
    document = tables.get("document")
    if isinstance(document, dict):
        table = cast("dict[str, Any]", document)
        tables["document"] = {_NEW_NAMES.get(key, key): value for key, value in table.items()}
    return tables


def _named(
    section_value: object, section: str, kind: type[F], label: str, path: Path
) -> dict[str, F]:
    """The tables of one section, each with its own name as a field."""
    facts: dict[str, F] = {}
    for name, table in _table(section_value, section, path).items():
        where = f'{section}."{name}"'
        content = _table(table, where, path)
        if label in content:
            raise _broken("providers.unknown_key", path, f"{where}.{label}")
        named = {label: name} if label else {}
        facts[name] = _convert(_implied(section, name) | content | named, kind, where, path)
    return facts


def _implied(section: str, name: str) -> dict[str, Any]:
    """Default values that follow from the name of a table."""
    if section == "operations":
        return {"idempotent": name.partition(" ")[0] in _IDEMPOTENT}
    return {}


def _table(value: object, where: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _broken("providers.wrong_type", path, where, wanted="table", got=_kind(value))
    return cast("dict[str, Any]", value)


def _kind(value: object) -> str:
    return type(value).__name__


_TYPES = Lock()
"""msgspec 0.22 crashes the process if two threads look into a type for the first time at once."""


def _convert(table: dict[str, Any], kind: type[F], where: str, path: Path) -> F:
    try:
        with _TYPES:
            return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), where, path) from error


def _explained(message: str, where: str, path: Path) -> Problem:
    """msgspec's message as an entry of the catalogue."""
    place = _WHERE.search(message)
    steps = [where, place["path"] if place else ""]
    for key, pattern in _CAUSES:
        if match := pattern.search(message):
            groups = match.groupdict()
            at = ".".join(filter(None, [*steps, groups.pop("key", "")]))
            return _broken(key, path, at, **groups)
    at = ".".join(filter(None, steps))
    return _broken("providers.invalid", path, at, cause=_WHERE.sub("", message))


def _broken(key: str, path: Path, pack_key: str, **params: object) -> Problem:
    return Problem(key, exit=Exit.USAGE, place=str(path), key_path=pack_key, **params)
