"""Discrepancies as the actions of an overlay, which make the document say what was observed.

Observed values stay out of the overlay: only types, formats and names of members get in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.importers.inference import schema_of
from noctule.apidoc.overlay import apply
from noctule.apidoc.overlay.reading import Action, Overlay
from noctule.apidoc.overlay.targets import Location, location_of, query_for, value_at
from noctule.json_types import as_dict, as_list, is_list, is_object
from noctule.probing.corrections_everywhere import (
    base_path,
    credential,
    undocumented_credential,
    undocumented_header,
)
from noctule.probing.dialects import in_dialect, nullable_reference, with_null
from noctule.probing.observation import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from noctule.apidoc import ApiDocument
    from noctule.probing.discrepancies import Discrepancy

    Rule = Callable[[Discrepancy, Location, Any, str], list["Change"]]

Change = dict[str, Any]
"""An action of an overlay: `target` with `update` or `remove`."""
LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
          "maxLength", "pattern", "minItems", "maxItems")  # fmt: skip


def corrections(
    document: ApiDocument, discrepancies: Iterable[Discrepancy]
) -> list[tuple[Discrepancy, list[Change]]]:
    """Each seen with the actions that correct the document, () where none does.

    They are meant to be applied in this order: each is made for the document as those before it
    leave it.
    """
    value: Any = dict(document.raw)
    corrected: list[tuple[Discrepancy, list[Change]]] = []
    for seen in discrepancies:
        changes = _changes(seen, value, document.dialect)
        value = _applied(value, changes)
        corrected.append((seen, changes))
    return corrected


def _applied(document: Any, changes: Iterable[Change]) -> Any:
    actions = tuple(
        Action(place="", **{key: each for key, each in change.items() if key != "description"})
        for change in changes
    )
    return apply(Overlay("", actions), document).document


def _changes(seen: Discrepancy, document: Any, dialect: str) -> list[Change]:
    if seen.example.status >= 500:
        return []
    if everywhere := DOCUMENT_RULES.get(seen.kind):
        return everywhere(seen, document, dialect)
    rule = RULES.get(seen.kind)
    located = (location_of(pointer, document) for pointer in seen.pointers)
    return [
        change
        for location in located
        if rule is not None and location is not None
        for change in rule(seen, location, value_at(document, location), dialect)
    ]


def _undocumented_member(
    seen: Discrepancy, location: Location, _value: Any, dialect: str
) -> list[Change]:
    schema = in_dialect(schema_of(seen.values), dialect)
    properties = {"properties": {seen.difference.member: schema}}
    return [{"target": query_for(location), "update": properties}]


def _missing_member(seen: Discrepancy, location: Location, value: Any, _: str) -> list[Change]:
    """Out of `required`; without the list, if nothing is left in it."""
    required = (*location, "required")
    names = as_list(as_dict(value).get("required"))
    if [name for name in names if name != seen.difference.member]:
        at = names.index(seen.difference.member)
        return [{"target": query_for((*required, at)), "remove": True}]
    return [{"target": query_for(required), "remove": True}]


def _null(_: Discrepancy, location: Location, value: Any, dialect: str) -> list[Change]:
    schema = as_dict(value)
    new = nullable_reference(schema, dialect) if "$ref" in schema else with_null(schema, dialect)
    return _replaced(location, schema, new)


def _container(seen: Discrepancy, location: Location, value: Any, dialect: str) -> list[Change]:
    said = {key: as_dict(value)[key] for key in ("description",) if key in as_dict(value)}
    return _replaced(location, value, said | in_dialect(schema_of(seen.values), dialect))


def _type(seen: Discrepancy, location: Location, value: Any, dialect: str) -> list[Change]:
    """The observed types beside the documented one where that occurs as well, else in place of
    it; what goes with the old type goes."""
    schema = as_dict(value)
    observed = in_dialect(schema_of(seen.values), dialect)
    kept = {
        key: each for key, each in schema.items() if key not in (*LIMITS, "type", "format", "enum")
    }
    if seen.times == seen.of:
        return _replaced(location, schema, kept | observed)
    documented = {key: each for key, each in schema.items() if key not in kept}
    return _replaced(location, schema, kept | {"anyOf": [documented, observed]})


def _no_branch(seen: Discrepancy, location: Location, value: Any, dialect: str) -> list[Change]:
    schema, observed = as_dict(value), in_dialect(schema_of(seen.values), dialect)
    for keyword in ("oneOf", "anyOf"):
        if is_list(schema.get(keyword)):
            target = query_for((*location, keyword))
            return [{"target": target, "update": [observed]}]
    return _replaced(location, schema, {"anyOf": [schema, observed]})


def _without(*keywords: str) -> Rule:
    """Keywords that reality does not keep."""

    def rule(_: Discrepancy, location: Location, value: Any, _dialect: str) -> list[Change]:
        there = [keyword for keyword in keywords if keyword in as_dict(value)]
        return [{"target": query_for((*location, each)), "remove": True} for each in there]

    return rule


def _undocumented_status(
    seen: Discrepancy, location: Location, _value: Any, dialect: str
) -> list[Change]:
    response = {"description": "Observed; the document does not list it."}
    response |= _content(seen, dialect)
    return [{"target": query_for(location), "update": {seen.difference.observed: response}}]


def _media_type(seen: Discrepancy, location: Location, value: Any, dialect: str) -> list[Change]:
    response = as_dict(value)
    if dialect == "swagger-2.0":
        if "schema" in response or not _content(seen, dialect):
            return []
        return [{"target": query_for(location), "update": _content(seen, dialect)}]
    media = seen.example.media
    documented = [as_dict(each) for each in as_dict(response.get("content")).values()]
    same = [each for each in documented if "schema" in each and "json" in media]
    content = (
        {"content": {media: {"schema": same[0]["schema"]}}} if same else _content(seen, dialect)
    )
    return [{"target": query_for(location), "update": content}] if media and content else []


def _content(seen: Discrepancy, dialect: str) -> Mapping[str, Any]:
    """What a response holds, from the observed bodies."""
    bodies = [body for body in seen.values if body is not NOT_JSON]
    if not seen.example.body or not seen.example.media:
        return {}
    schema = in_dialect(schema_of(bodies), dialect) if bodies else {"type": "string"}
    if dialect == "swagger-2.0":
        return {"schema": schema}
    return {"content": {seen.example.media: {"schema": schema}}}


def _no_body(seen: Discrepancy, location: Location, value: Any, _: str) -> list[Change]:
    if seen.times < seen.of:
        return []
    there = [key for key in ("content", "schema") if key in as_dict(value)]
    return [{"target": query_for((*location, key)), "remove": True} for key in there]


def _replaced(location: Location, old: Any, new: Any) -> list[Change]:
    """Another value at a place: only what differs, where an update alone can say it."""
    if is_object(old) and is_object(new) and old.items() <= new.items():
        added = {key: each for key, each in new.items() if key not in old}
        return [{"target": query_for(location), "update": added}] if added else []
    parent, last = location[:-1], location[-1]
    if isinstance(last, int):
        return []
    return [
        {"target": query_for(location), "remove": True},
        {"target": query_for(parent), "update": {last: new}},
    ]


RULES: Mapping[str, Rule] = {
    "undocumented_member": _undocumented_member,
    "missing_member": _missing_member,
    "null": _null,
    "container": _container,
    "type": _type,
    "no_branch": _no_branch,
    "format": _without("format"),
    "enum": _without("enum", "const"),
    "bounds": _without(*LIMITS),
    "undocumented_status": _undocumented_status,
    "media_type": _media_type,
    "no_body": _no_body,
}
DOCUMENT_RULES: Mapping[str, Callable[[Discrepancy, Any, str], list[Change]]] = {
    "base_path": base_path,
    "undocumented_header": undocumented_header,
    "undocumented_credential": undocumented_credential,
    "credential": credential,
}
