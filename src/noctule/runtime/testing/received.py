"""A typed answer, back as the JSON that it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

if TYPE_CHECKING:
    from noctule.runtime.decoding.models import JSON


def as_received(value: object) -> JSON:
    """`value` as JSON values, under the names on the wire; members that are None are left out, and
    so is what no model knows.

    A test compares it with what the provider sent: a member that is read under a wrong name, or
    not at all, makes a difference.
    """
    if isinstance(value, msgspec.Struct):
        held = {f.encode_name: getattr(value, f.name) for f in msgspec.structs.fields(value)}
        return {name: as_received(member) for name, member in held.items() if member is not None}
    if isinstance(value, list):
        return [as_received(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        return {name: as_received(member) for name, member in members}
    return value
