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
    """A claim on the next free place."""

    __slots__ = ("held", "left", "wake")

    def __init__(self) -> None:
        self.held = False
        self.left = False
        self.wake: Callable[[], None] | None = None


class Bulkhead:
    """`enter`, then `leave` exactly once with what it returned, however the call ends."""

    __slots__ = ("free", "places", "queue")

    def __init__(self, places: int) -> None:
        self.places = places
        self.free = places
        self.queue: deque[Ticket] = deque()

    def enter(self) -> Ticket | None:
        """None: a place is yours. A ticket: it will be `held` when `leave` hands it a place."""
        if self.free > 0:
            self.free -= 1
            return None
        ticket = Ticket()
        self.queue.append(ticket)
        return ticket

    def leave(self, ticket: Ticket | None) -> Ticket | None:
        """Give up the place, or the claim. Returns the ticket that got the place, to be woken."""
        if ticket is not None and not ticket.held:
            ticket.left = True
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
