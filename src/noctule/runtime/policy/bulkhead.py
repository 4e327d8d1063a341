"""At most so many calls in flight: a slow provider must not take all our connections.

Places are given in the order of arrival. A driver that has to wait sets `wake` on its ticket
and is called back when a place is handed to it; what it does with that (a future, a lock) is
its own affair.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Ticket:
    """A claim on one place."""

    __slots__ = ("held", "left", "wake")

    def __init__(self, *, held: bool) -> None:
        self.held = held
        self.left = False
        self.wake: Callable[[], None] | None = None


class Bulkhead:
    __slots__ = ("free", "places", "queue")

    def __init__(self, places: int) -> None:
        self.places = places
        self.free = places
        self.queue: deque[Ticket] = deque()

    def enter(self) -> Ticket:
        """A ticket: `held` at once, or later, when `leave` hands it a place."""
        if self.free > 0:
            self.free -= 1
            return Ticket(held=True)
        ticket = Ticket(held=False)
        self.queue.append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Give up the place or the claim. Returns the ticket that got the place, to be woken.

        Leaving twice is harmless: whoever cancels a call need not know how far it got.
        """
        if ticket.left:
            return None
        ticket.left = True
        if not ticket.held:
            return None
        while self.queue:
            heir = self.queue.popleft()
            if not heir.left:
                heir.held = True
                return heir
        self.free += 1
        return None

    @property
    def in_flight(self) -> int:
        return self.places - self.free
