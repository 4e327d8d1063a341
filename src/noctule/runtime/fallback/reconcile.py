"""Finding out what became of a write whose answer never came.

    async def find(unknown: OutcomeUnknown) -> Reconciled:
        found = await stripe.search_refund(order=order.id)
        return Done(found) if found else NOT_DONE

    await stripe.create_refund(..., options=CallOptions(reconcile=find))

Only who knows the business can tell, so the runtime asks, once per attempt that left a doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """The write has happened; `value` becomes the result of the call."""

    value: R


class Undecided(Enum):
    NOT_DONE = "not done"
    """The write has not happened and will not: it is sent again."""
    UNKNOWN = "unknown"
    """Nobody can tell yet: `OutcomeUnknown` is raised."""


NOT_DONE = Undecided.NOT_DONE
UNKNOWN = Undecided.UNKNOWN

Reconciled = Done[R] | Undecided
