"""What a method gives when the provider is not available: a `Degraded` result, never a fake one.

    rates = await self.call(LIST_RATES, fallback=LastGood(max_age=3600))
    if isinstance(rates, Degraded): ...      # the type checker insists on this question

Without a fallback a call does what the card asks for: the failure is logged, told to `on_event`,
and raised as an error that carries a message for the user. An operation that moves money takes
no fallback: a payment that did not happen must look like one that did not happen.

A fallback answers when the provider is unavailable. It does not hide a refusal (4xx), a mistake
of ours, or a write whose outcome is unknown.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from noctule.runtime.effects import Ask
from noctule.runtime.errors import FallbackRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from typing import Never

    from noctule.runtime.call.request_builder import Call
    from noctule.runtime.errors import Unavailable
    from noctule.runtime.operation import Operation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Source = Literal["last-good", "value", "computed", "message", "outbox"]


@dataclass(frozen=True, slots=True)
class Degraded(Generic[T_co]):
    """Not the provider's answer, and it says so."""

    value: T_co | None
    error: Unavailable
    """Why the provider could not answer."""
    source: Source
    age: float | None = None
    """Seconds since the provider gave `value`, where it did."""

    def user_message(self, language: Literal["en", "fr"] = "en") -> str:
        return self.error.user_message(language)


@dataclass(frozen=True, slots=True)
class Failed:
    """The call that needs a fallback. `key` is the same for the same call."""

    key: str
    error: Unavailable
    now: float
    """Seconds since the epoch."""
    call: Call


class Fallback(Protocol[T]):
    """What `Service.call` takes as `fallback`; write your own where these do not fit."""

    def remember(self, key: str, value: T, now: float) -> None:
        """The call succeeded."""
        ...

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[T] | None]:
        """The call failed; None lets its error through. Waits only by yielding `Ask`."""
        ...


class _Forgetful:
    def remember(self, key: str, value: object, now: float) -> None:
        """Nothing to remember."""


class LastGood(Generic[T]):
    """The last answer to the same call, if it is at most `max_age` seconds old.

    `most` answers are kept, the ones used longest ago go first. It lives as long as the object:
    make one per method, not one per call.
    """

    def __init__(self, *, max_age: float, most: int = 1000) -> None:
        self._max_age = max_age
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def remember(self, key: str, value: T, now: float) -> None:
        with self._lock:
            self._known[key] = value, now
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[T] | None]:
        yield from ()
        with self._lock:
            known = self._known.get(failed.key)
        if known is None:
            return None
        value, since = known
        age = max(0.0, failed.now - since)
        return Degraded(value, failed.error, "last-good", age) if age <= self._max_age else None


class Value(_Forgetful, Generic[T]):
    """A fixed value: an empty list, a default rate."""

    def __init__(self, value: T) -> None:
        self._value = value

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[T] | None]:
        yield from ()
        return Degraded(self._value, failed.error, "value")


class Computed(_Forgetful, Generic[T]):
    """What `function(error)` gives: your own cache, another provider. May be a coroutine
    function in a `Service`."""

    def __init__(self, function: Callable[[Unavailable], T | Awaitable[T]]) -> None:
        self._function = function

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[T] | None]:
        value = yield Ask(self._function, (failed.error,))
        return Degraded(value, failed.error, "computed")


class Message(_Forgetful):
    """No value, only the message for the user: the failure does not travel as an exception."""

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[Never] | None]:
        yield from ()
        return Degraded(None, failed.error, "message")


def check(operation: Operation[Any]) -> None:
    """Raises `FallbackRefused` for an operation that moves money."""
    if operation.moves_money:
        raise FallbackRefused(operation.name)
