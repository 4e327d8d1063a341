"""Applying an overlay. The document that is given is not changed: only what lies on the way to a
changed node is copied, so a correction costs nothing in a large document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from noctule.apidoc.overlay.reading import NOTHING
from noctule.apidoc.overlay.targets import query_for, select, value_at
from noctule.json_types import is_list, is_object, json_type
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.apidoc.overlay.reading import Action, Overlay
    from noctule.apidoc.overlay.targets import Location

KINDS = {"object": "object", "array": "array"}


@dataclass(frozen=True)
class Applied:
    """The corrected document, and the actions whose target it does not have."""

    document: Any
    unmatched: tuple[Action, ...]


def apply(overlay: Overlay, document: Any) -> Applied:
    """`document` after the actions of `overlay`, one after the other.

    Raises `Problem` (exit 2), with the place of the action, for a query that is no JSONPath and for
    an update that does not go with its target (an object into a list's element, and so on). An
    action without a target changes nothing, as the specification says, and is reported.
    """
    unmatched: list[Action] = []
    for action in overlay.actions:
        locations = select(action.target, document, place=action.place)
        if not locations:
            unmatched.append(action)
        elif action.remove:
            document = _without(document, locations, action)
        else:
            document = _updated(document, locations, action)
    return Applied(document, tuple(unmatched))


def _without(document: Any, locations: list[Location], action: Action) -> Any:
    """The inner nodes first, and of a list the last ones, so that no removal moves another."""
    if () in locations:
        raise Problem("apidoc.overlay_root", exit=Exit.USAGE, place=action.place)
    for location in sorted(locations, key=_rank, reverse=True):
        document = _changed(document, location[:-1], partial(_drop, key=location[-1]))
    return document


def _rank(location: Location) -> tuple[int, int]:
    last = location[-1]
    return len(location), last if isinstance(last, int) else 0


def _drop(parent: Any, *, key: str | int) -> Any:
    if is_list(parent):
        return [each for index, each in enumerate(parent) if index != key]
    return {name: each for name, each in parent.items() if name != key}


def _updated(document: Any, locations: list[Location], action: Action) -> Any:
    kinds = {_kind(value_at(document, location)) for location in locations}
    if len(kinds) > 1:
        raise Problem(
            "apidoc.overlay_mixed",
            exit=Exit.USAGE,
            place=action.place,
            kinds=", ".join(sorted(kinds)),
        )
    update = _update_of(action, document)
    for location in locations:
        change = partial(_onto, update=update, action=action, location=location)
        document = _changed(document, location, change)
    return document


def _update_of(action: Action, document: Any) -> Any:
    if action.update is not NOTHING:
        return action.update
    sources = select(action.copy, document, place=action.place)
    if len(sources) != 1:
        raise Problem(
            "apidoc.overlay_copy", exit=Exit.USAGE, place=action.place, count=len(sources)
        )
    return value_at(document, sources[0])


def _onto(value: Any, *, update: Any, action: Action, location: Location) -> Any:
    """`value`, which `action.target` selects, after the update."""
    if is_list(value):
        return [*value, *update] if is_list(update) else [*value, update]
    return _merged(value, update, action, location)


def _merged(value: Any, update: Any, action: Action, location: Location) -> Any:
    if is_object(value) and is_object(update):
        merged = dict(value)
        for key, new in update.items():
            there = key in value
            merged[key] = _merged(value[key], new, action, (*location, key)) if there else new
        return merged
    if is_list(value) and is_list(update):
        return [*value, *update]
    if _kind(value) == _kind(update) == "primitive":
        return update
    raise Problem(
        "apidoc.overlay_kinds",
        exit=Exit.USAGE,
        place=action.place,
        path=query_for(location),
        there=json_type(value),
        update=json_type(update),
    )


def _kind(value: Any) -> str:
    return KINDS.get(json_type(value), "primitive")


def _changed(value: Any, location: Location, change: Callable[[Any], Any]) -> Any:
    """A copy of `value` in which the node at `location` is what `change` makes of it."""
    if not location:
        return change(value)
    first, rest = location[0], location[1:]
    new = _changed(value[first], rest, change)
    if is_list(value):
        return [new if index == first else each for index, each in enumerate(value)]
    return {**value, first: new}
