"""The time until which a provider must not be called, set by its 429s and rate-limit headers.

It is shared by all calls to the provider, so that one refusal is enough for all of them; where the
provider names a limit that only some operations draw on, by the calls of that operation.
"""

from __future__ import annotations

MAX_OPERATIONS = 1000


class Cooldown:
    __slots__ = ("_everyone", "_operations", "not_before", "resting")

    def __init__(self) -> None:
        self.not_before = 0.0
        """The latest end: until then a call has to ask `wait`, and afterwards none has to."""
        self.resting = 0
        """Calls that wait for its end without a permit."""
        self._everyone = 0.0
        self._operations: dict[str, float] = {}

    def extend(self, now: float, seconds: float, operation: str | None = None) -> None:
        """No call for `seconds` from `now`, or none of `operation`; never shortens the present
        cooldown."""
        until = now + seconds
        if operation is None:
            self._everyone = max(self._everyone, until)
        else:
            if len(self._operations) >= MAX_OPERATIONS:
                self._operations.clear()
            self._operations[operation] = max(self._operations.get(operation, 0.0), until)
        self.not_before = max(self.not_before, until)

    def wait(self, now: float, operation: str = "") -> float:
        """Seconds until a call of `operation` may be sent; 0 when it may be sent now."""
        until = max(self._everyone, self._operations.get(operation, 0.0))
        return max(0.0, until - now)
