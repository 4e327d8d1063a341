"""Webhook deliveries for tests: bodies in which the signature scheme finds event and id."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from noctule.webhooks import Scheme, scheme_of

if TYPE_CHECKING:
    from noctule.codegen.form import Hook, Webhooks


def scheme_named(name: str) -> Scheme:
    """The scheme of a pack; raises `LookupError` when there is none of that name."""
    return scheme_of(name)


def payload(scheme: Scheme, webhooks: Webhooks, hook: Hook, number: int) -> dict[str, Any]:
    """What the provider would send for the event; `number` tells its id from others."""
    example = copy.deepcopy(hook.example)
    body: dict[str, Any] = {}
    if webhooks.object_path:
        _put(body, webhooks.object_path, example)
    elif isinstance(example, dict):
        body.update(example)
    for parts in scheme.id[:1]:
        for part in parts:
            if part.place == "body" and _get(body, part.name) is None:
                _put(body, part.name, f"event_{number}")
    for parts in scheme.type[:1]:
        values = hook.event.split(".") if len(parts) > 1 else [hook.event]
        for part, value in zip(parts, values, strict=False):
            if part.place == "body":
                _put(body, part.name, value)
    return body


def headers_tell(scheme: Scheme) -> tuple[bool, bool]:
    """Whether the event's type, and its id, are in the headers."""
    return tuple(  # type: ignore[return-value]
        any(part.place == "header" for parts in sources[:1] for part in parts)
        for sources in (scheme.type, scheme.id)
    )


def _get(body: dict[str, Any], path: str) -> Any:
    found: Any = body
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        inner = body.setdefault(key, {})
        body = inner if isinstance(inner, dict) else {}
    body[last] = value
