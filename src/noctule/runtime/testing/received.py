"""A typed result, back as the JSON that it was read from."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import msgspec

from noctule.runtime.decoding.incomplete import misfits_of

if TYPE_CHECKING:
    from noctule.runtime.decoding.models import JSON


def as_received(value: object) -> JSON:
    """`value` as JSON values, under their wire names, without members that are None, and without
    those beyond the model that are not kept.

    A test compares it with the provider's response, to find a member that is read under a wrong
    name, or not at all.
    """
    if isinstance(value, msgspec.Struct):
        misfits = misfits_of(value)
        members = {
            field.encode_name: misfits[field.name].received
            if field.name in misfits
            else getattr(value, field.name)
            for field in msgspec.structs.fields(value)
        }
        read = {name: as_received(item) for name, item in members.items() if item is not None}
        kept: dict[str, JSON] = getattr(value, "__dict__", {}).get("extra", {})
        return read | kept
    if isinstance(value, list):
        return [as_received(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value).items()
        return {name: as_received(item) for name, item in entries}
    return float(value) if isinstance(value, Decimal) else value
