"""Whether what was given to a method is what the provider reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.json_types import is_list, is_number, is_object
from noctule.sandbox.finding import RequestFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.proving.proven_method import Given
    from noctule.sandbox.request import RequestValues


def arrival(
    operation: str, name: str, given: Given, values: RequestValues
) -> Iterator[RequestFinding]:
    """At most one finding about one argument. What says nothing (None, an empty list) may be left
    out of the request."""
    expected = _plain(given.value)
    if expected in (None, "", [], {}):
        return
    place = f"{given.where} {given.name}".strip()
    if given.whole:
        arrived = values.body
    elif given.where == "body":
        arrived = values.body.get(given.name) if is_object(values.body) else None
    else:
        places = {
            "path": values.path,
            "query": values.query,
            "header": values.header,
            "cookie": values.cookie,
        }
        arrived = places[given.where].get(given.name)
    if arrived is None:
        yield RequestFinding(
            "not_sent", operation, name, f"{place} ({given.documented})", given.pointer
        )
    elif _plain(arrived) != expected:
        yield RequestFinding(
            "altered", operation, name, f"{place} ({given.documented})", given.pointer
        )


def _plain(value: Any) -> Any:
    """A value as text all the way down, since a query has no other; members without a value are
    left out."""
    if is_object(value):
        members = {name: _plain(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, {}, [])}
    if is_list(value):
        return [_plain(element) for element in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return f"{value:.12g}"
    return value
