"""Read and write task files; the keys and their types come from the dataclasses."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NoReturn,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from noctule.manifest.task import CARD_KEYS, OLD_KEYS, IntegrationTask, TaskPart
from noctule.manifest.tree import MAX_CHARACTERS, YamlNode, parse
from noctule.manifest.writing import Data, write
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from dataclasses import Field

ROOT = "integration_task"
_NOT_KEYS = frozenset({"extra", "beside", "lines"})

TYPES: dict[type[TaskPart], dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in TaskPart.__subclasses__()
}
"""The type of each key, by the class that has it."""

P = TypeVar("P", bound=TaskPart)


def read(path: str | Path) -> IntegrationTask:
    """The task in the file at `path`.

    Raises `Problem` as `loads` does, and for a file that is missing (exit 2) or cannot be read
    (exit 6).
    """
    path = Path(path)
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            raise Problem(
                "manifest.too_large", exit=Exit.USAGE, place=str(path), limit=MAX_CHARACTERS // 1024
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Problem("manifest.not_found", exit=Exit.USAGE, place=str(path)) from None
    except UnicodeDecodeError:
        raise Problem("manifest.not_utf8", exit=Exit.USAGE, place=str(path)) from None
    except OSError as error:
        raise Problem(
            "manifest.unreadable", exit=Exit.OUTSIDE, place=str(path), cause=error.strerror
        ) from None
    return loads(text, str(path))


def loads(text: str, place: str = "<text>") -> IntegrationTask:
    """The task in `text`, noctule's or someone else's.

    Unknown keys are kept. Raises `Problem` (exit 2) with the line and place of what is wrong.
    """
    root = parse(text, place)
    if not isinstance(root.value, dict) or ROOT not in root.value:
        raise Problem("manifest.no_root", exit=Exit.USAGE, place=f"{place}:{root.line}", root=ROOT)
    reader = _TaskReader(place)
    task = reader.part(IntegrationTask, root.value[ROOT], "")
    task.beside = {key: node.data() for key, node in root.value.items() if key != ROOT}
    task.lines = reader.lines
    return task


def dumps(task: IntegrationTask) -> str:
    """The text of the task file: the card's keys, noctule's own unless default, unknown ones."""
    return write({ROOT: _data(task), **task.beside})


def card(task: IntegrationTask) -> str:
    """The text of the task file with the card's keys only."""
    return write({ROOT: _data(task, card_only=True)})


def to_json(text: str) -> str:
    """The YAML of a task as one JSON object."""
    return json.dumps(parse(text, "<text>").data(), ensure_ascii=False, indent=2) + "\n"


def texts(task: IntegrationTask) -> Iterator[tuple[str, str]]:
    """Every string of the task with its place: ("methods[0].name", "create_customer")."""
    yield from _texts(_data(task) | task.beside, "")


def _texts(value: Data, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}[{index}]")


def keys(kind: type[TaskPart]) -> list[Field[Any]]:
    """The keys of a class in the order they are written, the card's first."""
    own = {field.name: field for field in fields(kind) if field.name not in _NOT_KEYS}
    return list(({name: own[name] for name in CARD_KEYS.get(kind, ())} | own).values())


def _data(part: TaskPart, *, card_only: bool = False) -> dict[str, Any]:
    on_card = CARD_KEYS.get(type(part), ())
    data: dict[str, Any] = {}
    for field in keys(type(part)):
        value = getattr(part, field.name)
        if field.name in on_card or (not card_only and value != _default(field)):
            data[field.name] = _value(value, card_only)
    return data if card_only else data | part.extra


def _value(value: TaskPart | list[TaskPart] | str | bool, card_only: bool) -> Any:
    if isinstance(value, TaskPart):
        return _data(value, card_only=card_only)
    if isinstance(value, list):
        return [_value(item, card_only) for item in value]
    return value


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


class _TaskReader:
    """Builds the dataclasses from YAML nodes and records the line of each place."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.lines: dict[str, int] = {}

    def part(self, kind: type[P], node: YamlNode, at: str) -> P:
        if not isinstance(node.value, dict):
            self.refuse(node, at, "a mapping", "un objet")
        types = TYPES[kind]
        names = {field.name for field in keys(kind)}
        old_names = OLD_KEYS.get(kind, {})
        values: dict[str, Any] = {"extra": {}}
        for written, item in node.value.items():
            name = old_names.get(written, written)
            inner = f"{at}.{name}" if at else name
            self.lines[inner] = item.line
            if name in names:
                values[name] = self.value(types[name], item, inner)
            else:
                values["extra"][name] = item.data()
        for field in keys(kind):
            required = field.default is MISSING and field.default_factory is MISSING
            if required and field.name not in values:
                self.missing(node, at, field.name)
        return kind(**values)

    def value(self, kind: Any, node: YamlNode, at: str) -> Any:
        """`node` as a value of `kind`; null counts as absent."""
        empty = node.plain and node.data() is None
        if get_origin(kind) is list:
            return [] if empty else self.parts(get_args(kind)[0], node, at)
        if isinstance(kind, type) and issubclass(kind, TaskPart):
            return kind() if empty else self.part(kind, node, at)
        if not isinstance(node.value, str):
            self.refuse(node, at, "a string", "une chaîne de caractères")
        if kind is bool:
            return self.boolean(node, at)
        text = "" if empty else node.value
        if get_origin(kind) is Literal and text not in get_args(kind):
            choices = ", ".join(get_args(kind))
            self.refuse(node, at, f"one of {choices}", f"une valeur parmi {choices}")
        return text

    def parts(self, kind: type[P], node: YamlNode, at: str) -> list[P]:
        if not isinstance(node.value, list):
            self.refuse(node, at, "a list", "une liste")
        for index, item in enumerate(node.value):
            self.lines[f"{at}[{index}]"] = item.line
        return [self.part(kind, item, f"{at}[{i}]") for i, item in enumerate(node.value)]

    def boolean(self, node: YamlNode, at: str) -> bool:
        value = node.data()
        if not isinstance(value, bool):
            self.refuse(node, at, "true or false", "true ou false")
        return value

    def missing(self, node: YamlNode, at: str, name: str) -> NoReturn:
        raise Problem(
            "manifest.missing_key",
            exit=Exit.USAGE,
            place=f"{self.place}:{node.line}",
            at=f"{ROOT}.{at}" if at else ROOT,
            name=name,
        )

    def refuse(self, node: YamlNode, at: str, wants_en: str, wants_fr: str) -> NoReturn:
        raise Problem(
            "manifest.wrong_shape",
            exit=Exit.USAGE,
            place=f"{self.place}:{node.line}",
            at=f"{ROOT}.{at}" if at else ROOT,
            wants_en=wants_en,
            wants_fr=wants_fr,
        )
