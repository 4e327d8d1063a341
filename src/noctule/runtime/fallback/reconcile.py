"""Reconciliation: finding out whether a write happened when its response never came.

    async def find(unknown: OutcomeUnknown) -> Reconciled:
        refund = await stripe.search_refund(order=order.id)
        return Done(refund) if refund else NOT_DONE

    await stripe.create_refund(..., options=CallOptions(reconcile=find))

Only the application can find out, so the runtime asks it, once for each attempt whose outcome is
unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """The write has happened; `value` is the result of the call."""

    value: R


class Undecided(Enum):
    NOT_DONE = "not done"
    """The write has not happened and will not: it is sent again."""
    UNKNOWN = "unknown"
    """It is not known: `OutcomeUnknown` is raised."""


NOT_DONE = Undecided.NOT_DONE
UNKNOWN = Undecided.UNKNOWN

Reconciled = Done[R] | Undecided
