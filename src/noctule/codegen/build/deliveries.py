"""Webhook deliveries for tests: bodies with the fields that the signature scheme reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.json_types import is_object

if TYPE_CHECKING:
    from noctule.codegen.model.integration import EventHandler
    from noctule.webhooks import Scheme
    from noctule.webhooks.schemes.locator import Locator, Locators


def payload(scheme: Scheme, handler: EventHandler, subject: Any) -> dict[str, Any]:
    """The body that the provider would send for the event, with `subject` as its object.

    If the whole body is the object, the result has only the other fields that are needed.
    """
    from noctule.webhooks.schemes.locator import (
        Locator,  # most integrations have no webhook to test
    )

    body: dict[str, Any] = {}
    example: dict[str, Any] = {} if handler.at else handler.example
    if handler.at:
        _put(body, handler.at, subject)
    for part in _parts(scheme.id):
        if part.kind == "body" and _get(example, part.name) is None:
            _put(body, part.name, "evt_1")
    parts = _parts(scheme.type)
    words = handler.event.split(".", len(parts) - 1) if len(parts) > 1 else [handler.event]
    for part, word in zip(parts, words, strict=False):
        if part.kind == "body":
            _put(body, part.name, word)
    if "sns" in scheme.signed:
        body |= {"Message": "1", "MessageId": "evt_1"}
    for locator in scheme.signed.parts:  # fields without which nothing can be signed
        if (
            isinstance(locator, Locator)
            and _get(body, locator.name) is None
            and locator.kind == "body"
        ):
            _put(body, locator.name, "1")
    return body


def in_headers(locators: Locators) -> bool:
    """Whether a value is read from the headers."""
    return any(part.kind == "header" for part in _parts(locators))


def _parts(locators: Locators) -> tuple[Locator, ...]:
    """The locators of the first alternative."""
    return next(iter(locators), ())


def _get(body: dict[str, Any], path: str) -> Any:
    value: Any = body
    for key in path.split("."):
        value = value.get(key) if is_object(value) else None
    return value


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        inner = body.setdefault(key, {})
        if not is_object(inner):
            return
        body = inner
    body[last] = value
