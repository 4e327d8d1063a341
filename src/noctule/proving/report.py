"""What the driver reports about calls and deliveries, read from its JSON line."""

from __future__ import annotations

from typing import Literal

import msgspec


class ResultDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What a call returned, without values."""

    kind: Literal["nothing", "bytes", "text", "object", "list", "other"] = "nothing"
    members: tuple[str, ...] = ()
    """Wire names of the members of an object that have a value."""
    length: int = 0


class CallOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended."""

    kind: Literal["returned", "raised", "hung"]
    type: str
    """Name of the class of the result or the error; "" when it hung."""
    family: tuple[str, ...] = ()
    """Names of the error's classes, from itself up."""
    typed: bool = False
    """Whether the error is a `noctule.runtime.ServiceError`."""
    untrue: tuple[str, ...] = ()
    """Places in the result whose value is not what its annotation says, as JSON pointers."""
    result: ResultDigest = ResultDigest()
    messages: dict[str, str] = {}
    """The error's message for the user, by language."""
    safe_to_retry: bool = False
    """As in the error."""
    keyed: bool = False
    """Whether the error names the idempotency key to repeat the call under."""
    attempts: int = 0
    seconds: float = 0.0
    """On the wrapper's clock."""


class CallReport(msgspec.Struct, frozen=True, kw_only=True):
    outcomes: tuple[CallOutcome, ...]
    waits: tuple[float, ...]
    """Seconds waited, in order."""
    given: tuple[str, ...] = ()
    """Names of the arguments that the method took."""


class HandledEvent(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: str


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True):
    statuses: tuple[int, ...]
    handled: tuple[HandledEvent, ...]
    """Events that reached a handler, in order."""
    watched: bool
    """Whether there was a handler to watch."""
