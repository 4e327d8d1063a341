"""Sample payloads of events, made from the provider's own document."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from noctule import apidoc
from noctule.problem import Exit, Problem
from noctule.providers import find

if TYPE_CHECKING:
    from noctule.providers import Pack
    from noctule.webhooks.schemes.scheme import Scheme


def sample_payload(provider: str, event: str, scheme: Scheme) -> dict[str, Any]:
    """The body of an event, without id and type, which signing adds.

    It contains the object that the pack's document describes, as far as there is one. Raises
    `Problem` (exit 2) for an event that the provider is known not to send.
    """
    pack = find(provider)
    payload: dict[str, Any] = {}
    if pack is not None:
        _check_name(pack, event)
        fact = pack.events.get(event)
        path = pack.webhook.object_path if pack.webhook else ""
        if fact is not None:
            payload = _at(path, _described(pack, fact.schema, event))
        elif path:
            payload = _at(path, {"id": f"test_{uuid4().hex[:16]}"})
        payload = {**(pack.webhook.envelope if pack.webhook else {}), **payload}
    for parts in list(scheme.version)[:1]:
        if len(parts) == 1 and parts[0].kind == "body" and "." not in parts[0].name:
            payload.setdefault(parts[0].name, int(time.time()))
    return payload


def _check_name(pack: Pack, event: str) -> None:
    if not pack.event_names or event in pack.event_names:
        return
    if any(
        name.startswith(f"{event}.") or event.startswith(f"{name}.") for name in pack.event_names
    ):
        return
    close = difflib.get_close_matches(event, sorted(pack.event_names), 3, 0.5)
    raise Problem(
        "webhooks.unknown_event",
        exit=Exit.USAGE,
        place=event,
        provider=pack.name,
        close=", ".join(close or sorted(pack.event_names)[:3]),
    )


def _described(pack: Pack, component: str, event: str) -> dict[str, Any]:
    """A sample of the component with an id of its own, in the state that the event's name says."""
    document = apidoc.parse(pack.document_bytes(), source=f"pack:{pack.id}")
    schema = document.schemas.get(component)
    sampled: object = apidoc.sample(schema, depth=3) if schema is not None else {}
    if schema is None or not isinstance(sampled, dict):
        return {}
    value = cast("dict[str, Any]", sampled)
    if isinstance(value.get("id"), str):
        value["id"] = f"test_{uuid4().hex[:16]}"
    status = schema.properties.get("status")
    state = event.rpartition(".")[2]
    if status is not None and state in status.enum:
        value["status"] = state
    return value


def _at(path: str, value: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(path.split(".") if path else []):
        value = {key: value}
    return value
