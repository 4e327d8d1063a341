"""At most so many calls in flight: a slow provider must not take all our connections.

Places are given in the order of arrival, until the oldest call has used up half of its patience.
From then on the newest goes first: in an overload it has the time to make something of its place,
while the oldest would be given one just before it gives up.

A driver that has to wait sets `wake` on its ticket and is called back when a place is handed to
it; what it does with that (a future, a lock) is its own affair.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Ticket:
    """A claim on the next free place: wait up to `seconds` until it is held."""

    __slots__ = ("held", "late", "left", "seconds", "wake")

    def __init__(self, now: float = 0.0, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.late = now + seconds / 2
        """When half of the patience is used up."""
        self.held = False
        self.left = False
        self.wake: Callable[[], None] | None = None


class Bulkhead:
    """`take` a place or `claim` the next one; in the end `free` the place, or `renounce` it.

    `take` and `free` are each one step on a list, so that threads need no lock for them; the
    others do. A place may become free between a `take` that failed and the `claim` after it, so
    whoever claims calls `hand_over`, as does whoever frees a place while others wait.
    """

    __slots__ = ("_free", "free", "places", "queue")

    def __init__(self, places: int) -> None:
        self.places = places
        self._free: list[None] = [None] * places
        self.free: Callable[[], None] = partial(self._free.append, None)
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

    def claim(self, now: float, patience: float) -> Ticket:
        """It will be `held` when `hand_over` gives it a place."""
        ticket = Ticket(now, patience)
        self.queue.append(ticket)
        return ticket

    def renounce(self, ticket: Ticket) -> None:
        """Give up the claim, or the place if it got one."""
        if ticket.held:
            self.free()
        ticket.left = True

    def hand_over(self, now: float) -> Ticket | None:
        """Give a free place to whoever is next; returns the ticket, to be woken."""
        queue = self.queue
        while queue and queue[0].left:
            queue.popleft()
        newest_first = bool(queue) and queue[0].late < now
        while newest_first and queue[-1].left:
            queue.pop()
        if not queue:
            return None
        try:
            self._free.pop()
        except IndexError:
            return None
        heir = queue.pop() if newest_first else queue.popleft()
        heir.held = True
        return heir

    @property
    def roomy(self) -> bool:
        """Whether a fifth of the places is free."""
        return 5 * len(self._free) >= self.places

    @property
    def max_concurrency(self) -> int:
        return self.places - len(self._free)
