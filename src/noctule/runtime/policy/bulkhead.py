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
    """`take` a place or `claim` the next one; in the end `free` the place, or `renounce` it.

    `take` and `free` are each one step on a list, so that threads need no lock for them; the
    others do. A place may become free between a `take` that failed and the `claim` after it, so
    whoever claims calls `hand_over`, as does whoever frees a place while others wait.
    """

    __slots__ = ("_free", "places", "queue")

    def __init__(self, places: int) -> None:
        self.places = places
        self._free: list[None] = [None] * places
        self.queue: deque[Ticket] = deque()

    def take(self) -> bool:
        """Whether a place is yours; never past those who wait for one."""
        if self.queue:
            return False
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def free(self) -> None:
        self._free.append(None)

    def claim(self) -> Ticket:
        """It will be `held` when `hand_over` gives it a place."""
        ticket = Ticket()
        self.queue.append(ticket)
        return ticket

    def renounce(self, ticket: Ticket) -> None:
        """Give up the claim, or the place if it got one."""
        if ticket.held:
            self.free()
        ticket.left = True

    def hand_over(self) -> Ticket | None:
        """Give a free place to whoever waits longest; returns the ticket, to be woken."""
        while self.queue:
            if not self.queue[0].left:
                try:
                    self._free.pop()
                except IndexError:
                    return None
                heir = self.queue.popleft()
                heir.held = True
                return heir
            self.queue.popleft()
        return None

    @property
    def in_flight(self) -> int:
        return self.places - len(self._free)
