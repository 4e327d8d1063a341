"""YAML to plain data: bounded, without surprises, and faster than PyYAML's own loader.

The values are built straight from the parser's events. Plain scalars follow YAML 1.2's core schema
(no dates, `no` stays a string, `010` stays a string), keys become strings, merge keys (`<<`) are
applied, and an alias counts as the values it expands to, so that a bomb is refused in time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from noctule.apidoc import bounds
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


MERGE = "<<"
ENDS = (yaml.DocumentEndEvent, yaml.StreamEndEvent)
STRING_TAGS = ("!", "tag:yaml.org,2002:str")
COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
PLAIN_START = frozenset("-+.0123456789tTfFnN~<")
"""First letters of a plain scalar that may be something else than a string."""
CONSTANTS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,4000})\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")


class YamlError(ValueError):
    """The text is not plain YAML. `line` counts from 1."""

    def __init__(self, cause: str, line: int) -> None:
        self.cause = cause
        self.line = line
        super().__init__(f"line {line}: {cause}")


@dataclass(slots=True)
class Level:
    """One mapping or sequence under construction."""

    value: Any
    size: int = 1
    anchor: str | None = None
    key: str | None = None
    merging: bool = False
    merges: list[Any] = field(default_factory=list[Any])


def read(text: str) -> tuple[Any, tuple[str, ...]]:
    """The value of the first document, and the places of duplicate keys. Raises YamlError."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    builder = Builder()
    try:
        while builder.take(loader.get_event()):
            pass
        loader.peek_event()  # what follows the document must be YAML too
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or "not YAML", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0], 1) from None
    finally:
        loader.dispose()
    return builder.result, tuple(builder.duplicates)


class Builder:
    """Builds values from events."""

    def __init__(self) -> None:
        self.result: Any = None
        self.duplicates: list[str] = []
        self._levels: list[Level] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = 0
        self._takers: Mapping[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._open({}, event),
            yaml.SequenceStartEvent: lambda event: self._open([], event),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
        }

    def take(self, event: Any) -> bool:
        """False where the document ends here."""
        taker = self._takers.get(event.__class__)
        if taker is not None:
            taker(event)
        return not isinstance(event, ENDS)

    def _scalar(self, event: Any) -> None:
        if event.tag and event.tag not in STRING_TAGS:
            value = tagged(event)
        else:
            value = scalar(event.value) if event.implicit[0] else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, 1, event)

    def _open(self, value: Any, event: Any) -> None:
        if event.tag not in COLLECTION_TAGS:
            raise YamlError(f"the tag {event.tag} is not plain data", line(event))
        if len(self._levels) >= bounds.MAX_NESTING:
            raise YamlError(f"more than {bounds.MAX_NESTING} levels deep", line(event))
        if self._levels and self._awaits_key(self._levels[-1]):
            raise YamlError("a key must be a scalar", line(event))
        self._levels.append(Level(value, anchor=event.anchor))

    def _close(self, event: Any) -> None:
        level = self._levels.pop()
        for source in level.merges:
            for key, value in source.items():
                level.value.setdefault(key, value)
        if level.anchor:
            self._anchors[level.anchor] = (level.value, level.size)
        self._place(level.value, level.size, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise YamlError(f"*{event.anchor} stands for nothing before it", line(event))
        value, size = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > bounds.MAX_ALIASED:
            raise YamlError(f"aliases stand for more than {bounds.MAX_ALIASED} values", line(event))
        self._place(value, size, event)

    def _awaits_key(self, level: Level) -> bool:
        return is_object(level.value) and level.key is None

    def _place(self, value: Any, size: int, event: Any) -> None:
        """Store a finished value: as the result, an element, a key or a member."""
        if not self._levels:
            self.result = value
            return
        level = self._levels[-1]
        level.size += size
        if is_list(level.value):
            level.value.append(value)
        elif level.key is None:
            level.key = self._key(level, value, event)
        elif level.merging:
            level.merges.extend(merged(value, event))
            level.key, level.merging = None, False
        else:
            level.value[level.key] = value
            level.key = None

    def _key(self, level: Level, value: Any, event: Any) -> str:
        if isinstance(value, dict | list):
            raise YamlError("a key must be a scalar", line(event))
        key = value if isinstance(value, str) else getattr(event, "value", json_text(value))
        level.merging = key == MERGE and getattr(event, "implicit", (False,))[0]  # quoted: a key
        if key in level.value:
            self.duplicates.append(f"line {line(event)}: {key}")
        return key


def merged(value: Any, event: Any) -> list[dict[str, Any]]:
    """The mappings that a merge key adds: one or several; the first one wins."""
    sources = value if is_list(value) else [value]
    if not all(is_object(source) for source in sources):
        raise YamlError("<< takes over mappings only", line(event))
    return sources


def scalar(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema, octal and hexadecimal left as text."""
    if text and text[0] not in PLAIN_START:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.match(text):
        return int(text)
    return float(text) if FLOAT.match(text) else text


def tagged(event: Any) -> Any:
    """A scalar with a standard YAML tag; any other tag would create objects."""
    kind = event.tag.removeprefix("tag:yaml.org,2002:")
    if kind in ("int", "float", "bool", "null"):
        return scalar(event.value)
    if kind in ("binary", "timestamp"):
        return event.value
    raise YamlError(f"the tag {event.tag} is not plain data", line(event))


def json_text(value: Any) -> str:
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def line(event: Any) -> int:
    return int(event.start_mark.line) + 1
