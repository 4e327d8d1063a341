"""A node of an API document: a value, its file and its JSON pointer.

Nothing is copied, and references are followed only on demand, so a large document costs only what
is used of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import msgspec

from noctule.apidoc import bounds
from noctule.json_types import is_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOTHING: Mapping[str, Any] = MappingProxyType({})
_OBJECT: type[Any] = dict
"""Asked for here without `is_object`, whose call would be most of the time of a step."""


class UnreadableError(Exception):
    """The target of a `$ref` cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class DocumentFile:
    """One file of a document.

    `label` is "" for the main file and the path relative to it for the others; `other` opens
    the file that a reference names; `memory` is shared by the whole document, so that each
    view of a place is made once.
    """

    label: str
    root: Any
    other: Callable[[str], DocumentFile]
    memory: dict[object, object]


class Node(msgspec.Struct, frozen=True):
    """A value of the document and its place. `broken` says why a reference has no target.

    A struct, because a document has a hundred thousand and a dataclass takes six times as long to
    make.
    """

    value: Any
    file: DocumentFile
    path: str = ""
    broken: str = ""

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) as a fragment, after the file's name where not the main one."""
        return f"{self.file.label}#{self.path}"

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The value, or an empty mapping where the value is not a mapping."""
        return self.value if isinstance(self.value, _OBJECT) else NOTHING

    def text(self, key: str) -> str:
        value = self.mapping.get(key)
        return value if isinstance(value, str) else ""

    def at(self, *keys: str) -> Node:
        """The place below; its value is None where there is nothing."""
        value, path = self.value, self.path
        for key in keys:
            value = step(value, key)
            path = f"{path}/{escape(key)}"
        return Node(value, self.file, path)

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The members of a mapping, extensions (`x-`) included."""
        for key, value in self.mapping.items():
            yield key, Node(value, self.file, f"{self.path}/{escape(key)}")

    def members(self) -> Iterator[Node]:
        """The elements of an array."""
        if is_list(self.value):
            for position, value in enumerate(self.value):
                yield Node(value, self.file, f"{self.path}/{position}")

    def follow(self) -> Node:
        """The node after all `$ref`s; a `broken` empty node if one cannot be resolved."""
        node = self
        for _ in range(bounds.MAX_HOPS):
            reference = node.mapping.get("$ref")
            if not isinstance(reference, str):
                return node
            node = node.target(reference)
        return Node({}, self.file, self.path, broken="the references go in a circle")

    def target(self, reference: str) -> Node:
        """The place one reference names, seen from here."""
        address, _, fragment = reference.partition("#")
        try:
            file = self.file.other(address) if address else self.file
        except UnreadableError as error:
            return Node({}, self.file, self.path, broken=f"{reference}: {error}")
        node = Node(file.root, file).down(fragment)
        if node is None:
            return Node({}, self.file, self.path, broken=f"{reference}: nothing is there")
        return node

    def anchored(self, name: str) -> Node | None:
        """The place of this file that calls itself `name`; the file is looked through once."""
        memory = self.file.memory
        key = ("anchors", self.file.label)
        if key not in memory:
            memory[key] = anchors(self)
        return cast("dict[str, Node]", memory[key]).get(name)

    def down(self, fragment: str) -> Node | None:
        """The place a pointer names, seen from the file's root; None where there is nothing."""
        if fragment in ("", "/"):
            return self
        if not fragment.startswith("/"):
            return self.anchored(unquote(fragment))
        value, path = self.value, ""
        for token in unquote(fragment).split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            value = step(value, key)
            if value is None:
                return None
            path = f"{path}/{escape(key)}"
        return Node(value, self.file, path) if path else None


def anchors(root: Node) -> dict[str, Node]:
    """Every `$anchor` of a file and the place it names (JSON Schema 2020-12)."""
    nodes_by_name: dict[str, Node] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        for key in ("$anchor", "$dynamicAnchor"):
            if name := node.text(key):
                nodes_by_name.setdefault(name, node)
        pending.extend(inner for _, inner in node.entries())
        pending.extend(node.members())
    return nodes_by_name


def step(value: Any, key: str) -> Any:
    """One step into a mapping or an array; None where there is nothing."""
    if isinstance(value, _OBJECT):
        return value.get(key)
    if is_list(value) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def escape(key: str) -> str:
    """A key as a token of a JSON pointer."""
    if "~" in key or "/" in key:
        return key.replace("~", "~0").replace("/", "~1")
    return key
