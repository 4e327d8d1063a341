"""Fallbacks: what a call returns instead of the provider's result, always recognisable as such.

    rate = await self.call(GET_RATE, path=..., fallback=LastGood(max_age=3600))

`rate` is then a `Rate` or a `Degraded[Rate]`, so the type checker makes the caller look. A
fallback is used when the provider is unavailable. It does not hide a rejected request (4xx), a
mistake of ours, or a write whose outcome is unknown, which only an outbox takes. An operation that
moves money takes none: a payment that was not made must not look like one that was.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from noctule.runtime.effects import Invoke
from noctule.runtime.errors import (
    FallbackRefused,
    InvalidArgument,
    OutcomeUnknown,
    ServiceError,
    Unavailable,
)
from noctule.runtime.fork import ForkSafeLock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from typing import Never

    from noctule.runtime.fallback.outbox_store import OutboxMessage
    from noctule.runtime.operation import Operation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
DegradedSource = Literal["last-good", "value", "computed", "message", "outbox"]


@dataclass(frozen=True, slots=True)
class Degraded(Generic[T_co]):
    """The result of a fallback."""

    value: T_co | None
    error: Unavailable
    """Why the provider could not answer."""
    source: DegradedSource
    age: float | None = None
    """Seconds since the provider returned `value`; None when it did not."""

    def user_message(self, language: Literal["en", "fr"] = "en") -> str:
        return self.error.user_message(language)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that needs a fallback. `key` is equal for equal calls."""

    key: str
    error: Unavailable
    now: float
    """Seconds since the epoch."""
    message: OutboxMessage | None
    """The request, as an outbox stores it; None when its body is streamed."""


class Fallback(Protocol[T]):
    """What `Service.call` takes as `fallback`; write your own where these do not fit. One with a
    true attribute `repeats_writes` is also asked for a write whose outcome is unknown, if it may
    be repeated: it must send it again, under the same key."""

    def remember(self, key: str, value: T, now: float) -> None:
        """The call succeeded. `now`: seconds since the epoch."""
        ...

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[T] | None]:
        """The call failed; None raises its error. I/O only by yielding `Invoke`."""
        ...


class _Stateless:
    def remember(self, key: str, value: object, now: float) -> None:
        """Nothing to remember."""


class LastGood(Generic[T]):
    """The last result of the same call, if it is at most `max_age` seconds old.

    `max_entries` results are kept; the least recently stored one goes first. They live as long as
    this object: create one per method, not one per call.
    """

    def __init__(self, *, max_age: float, max_entries: int = 1000) -> None:
        self._max_age = max_age
        self._max_entries = max_entries
        self._lock = ForkSafeLock()
        self._entries: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def remember(self, key: str, value: T, now: float) -> None:
        with self._lock:
            self._entries[key] = value, now
            self._entries.move_to_end(key)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[T] | None]:
        yield from ()
        with self._lock:
            entry = self._entries.get(failed.key)
        if entry is None:
            return None
        value, stored_at = entry
        age = max(0.0, failed.now - stored_at)
        return Degraded(value, failed.error, "last-good", age) if age <= self._max_age else None


class Value(_Stateless, Generic[T]):
    """A fixed value: an empty list, a default rate."""

    def __init__(self, value: T) -> None:
        self._value = value

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[T] | None]:
        yield from ()
        return Degraded(self._value, failed.error, "value")


class Computed(_Stateless, Generic[T]):
    """The result of `function(error)`: your own cache, another provider. In a `Service` it may be
    a coroutine function."""

    def __init__(self, function: Callable[[Unavailable], T | Awaitable[T]]) -> None:
        self._function = function

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[T] | None]:
        value = yield Invoke(self._function, (failed.error,))
        return Degraded(value, failed.error, "computed")


class Message(_Stateless):
    """No value, only the message for the user, instead of an exception."""

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[Never] | None]:
        yield from ()
        return Degraded(None, failed.error, "message")


def unavailability(error: ServiceError, fallback: object) -> Unavailable | None:
    """Why `fallback` is asked; None when it is not. A write whose outcome is unknown is left only
    to one that repeats it (`repeats_writes`), where that is safe."""
    if isinstance(error, Unavailable):
        return error
    if not isinstance(error, OutcomeUnknown) or not getattr(fallback, "repeats_writes", False):
        return None
    cause = error.__cause__
    return cause if error.safe_to_retry and isinstance(cause, Unavailable) else None


def answer_of(
    fallback: Fallback[T],
    error: ServiceError,
    key: str,
    now: float,
    message: OutboxMessage | None,
) -> Generator[Invoke, Any, Degraded[T] | None]:
    """What `fallback` answers for a call that failed with `error`; None raises it."""
    reason = unavailability(error, fallback)
    if reason is None:
        return None
    return (yield from fallback.answer(FailedCall(key, reason, now, message)))


def check_fallback(fallback: object, operation: Operation[Any]) -> None:
    """Raises `FallbackRefused` for an operation that moves money, and `InvalidArgument` for what is
    no fallback: found after the call, the result would be lost."""
    if operation.moves_money:
        raise FallbackRefused(operation.name)
    if not (hasattr(fallback, "remember") and hasattr(fallback, "answer")):
        kind = type(fallback).__name__
        raise InvalidArgument(f"fallback: give LastGood(...), Value(...) or another, not a {kind}")
