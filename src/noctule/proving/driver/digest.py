"""What a call returned, as far as the prover must know: which members it has, without values."""

from __future__ import annotations

from typing import Any, cast

import msgspec

MOST_MEMBERS = 500


def digest(value: object) -> dict[str, Any]:
    """The kind of the value, and the wire names of its members that can be read and have a
    value."""
    if value is None:
        return {"kind": "nothing"}
    if isinstance(value, bytes):
        return {"kind": "bytes", "length": len(value)}
    if isinstance(value, str):
        return {"kind": "text", "length": len(value)}
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        members = {field.encode_name for field in fields if _has(value, field.name)}
        return {"kind": "object", "members": sorted(members)[:MOST_MEMBERS]}
    if isinstance(value, dict):
        mapping = cast("dict[object, object]", value)
        members = {str(name) for name, member in mapping.items() if member is not None}
        return {"kind": "object", "members": sorted(members)[:MOST_MEMBERS]}
    if isinstance(value, list | tuple):
        return {"kind": "list", "length": len(cast("list[object]", value))}
    return {"kind": "other"}


def _has(value: object, name: str) -> bool:
    try:
        return getattr(value, name) not in (None, msgspec.UNSET)
    except AttributeError:
        return False
