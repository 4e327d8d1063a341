"""What the driver says of a call or of deliveries, read from its JSON line."""

from __future__ import annotations

from typing import Literal

import msgspec


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended."""

    kind: Literal["returned", "raised", "hung"]
    type: str
    """Name of the class of the result or the error; "" when it hung."""
    family: tuple[str, ...] = ()
    """Names of the error's classes, from itself up."""
    typed: bool = False
    """Whether the error is a `noctule.runtime.ServiceError`."""
    messages: dict[str, str] = {}
    """The error's words for the user, by language."""
    attempts: int = 0
    seconds: float = 0.0
    """On the wrapper's clock."""


class Called(msgspec.Struct, frozen=True, kw_only=True):
    outcomes: tuple[Outcome, ...]
    waits: tuple[float, ...]
    """Seconds asked of the clock, in order."""


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: str


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    statuses: tuple[int, ...]
    handled: tuple[Handled, ...]
    """What reached a handler, in order."""
    watched: bool
    """Whether there was a handler to watch."""
