"""What one attempt taught us, in the words that the policies share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from noctule.runtime.errors import ServiceError
    from noctule.runtime.request import Response


class Reached(Enum):
    """How far the request got, which is what decides whether a write may be sent again."""

    NOT_SENT = "not sent"
    """Provably nothing arrived: no connection, no free connection."""
    MAYBE = "maybe"
    """Sent, but its effect is not known: lost connection, timeout, 5xx."""
    REFUSED = "refused"
    """The provider answered that it did nothing: 4xx, 429."""
    DONE = "done"


Again = Literal["no", "transient", "throttled"]
"""Whether another attempt could do better, and which kind of wait that needs."""


@dataclass(slots=True)
class Outcome:
    """The outcome of one attempt. `response` is set on success, `error` otherwise."""

    response: Response | None = None
    error: ServiceError | None = None
    reached: Reached = Reached.DONE
    again: Again = "no"
    healthy: bool | None = True
    """For the breaker: None when the attempt says nothing about the provider."""
    retry_after: float | None = None
    """Seconds the provider asked to wait."""
    hold: float = 0.0
    """Seconds during which no call of ours should reach this origin."""
    hint: bool | None = None
    """The provider's own advice on whether to retry."""
