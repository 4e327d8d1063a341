"""An overlay file, JSON or YAML, as a list of actions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.apidoc.loading.decode import decode
from noctule.json_types import is_list, is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

VERSION = re.compile(r"1\.[01](\.\d+)?$")
NOTHING: Any = object()
"""The action has no `update`; null is a value."""


@dataclass(frozen=True)
class Action:
    """One change: of `update`, `copy` and `remove` exactly one is there."""

    target: str
    """A JSONPath query (RFC 9535)."""
    place: str
    """Where it stands, for messages: `acme.overlay.yaml#/actions/0`."""
    description: str = ""
    update: Any = NOTHING
    copy: str = ""
    """A JSONPath query for the one node whose value is the update (1.1)."""
    remove: bool = False
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Its members that begin with `x-`."""


@dataclass(frozen=True)
class Overlay:
    """The actions of an overlay, in the order in which they are applied."""

    title: str
    actions: tuple[Action, ...]
    extends: str = ""
    """The document that it was written for: a reference, relative to the overlay."""


def read(data: bytes, *, place: str) -> Overlay:
    """The overlay in these bytes. Raises `Problem` (exit 2) that names the place of what is wrong.

    Members that the specification does not know are refused: a mistyped `udpate` would otherwise
    correct nothing.
    """
    value = decode(data, place=place).value
    if not is_object(value) or "overlay" not in value:
        _refuse("overlay_unknown", place)
    version = value["overlay"]
    if not isinstance(version, str) or not VERSION.match(version):
        _refuse("overlay_version", f"{place}#/overlay", version=version)
    info, actions = value.get("info"), value.get("actions")
    if not is_object(info) or not isinstance(info.get("title"), str):
        _refuse("overlay_member", f"{place}#/info", member="title")
    if not is_list(actions) or not actions:
        _refuse("overlay_member", place, member="actions")
    _known(value, {"overlay", "info", "extends", "actions"}, place)
    read_actions = (_action(each, f"{place}#/actions/{n}") for n, each in enumerate(actions))
    return Overlay(info["title"], tuple(read_actions), str(value.get("extends") or ""))


def _action(value: Any, place: str) -> Action:
    if not is_object(value) or not isinstance(value.get("target"), str):
        _refuse("overlay_member", place, member="target")
    extensions = _known(value, {"target", "description", "update", "copy", "remove"}, place)
    remove, copy = value.get("remove", False), value.get("copy", "")
    if not isinstance(remove, bool):
        _refuse("overlay_member", place, member="remove")
    if not isinstance(copy, str):
        _refuse("overlay_member", place, member="copy")
    action = Action(
        target=value["target"],
        place=place,
        description=str(value.get("description") or ""),
        update=value.get("update", NOTHING),
        copy=copy,
        remove=remove,
        extensions=extensions,
    )
    if not remove and (action.update is NOTHING) == (not copy):
        _refuse("overlay_change", place)
    return action


def _known(value: Mapping[str, Any], names: set[str], place: str) -> dict[str, Any]:
    """The extensions in `value`, whose other members all have one of these names."""
    extensions = {name: each for name, each in value.items() if name.startswith("x-")}
    if unknown := value.keys() - names - extensions.keys():
        _refuse(
            "overlay_unknown_member", place, member=min(unknown), known=", ".join(sorted(names))
        )
    return extensions


def _refuse(key: str, place: str, **details: object) -> NoReturn:
    raise Problem(f"apidoc.{key}", exit=Exit.USAGE, place=place, **details)
