"""Everything that a call asks its driver to do.

The code that decides (the service, the policy engine, an attempt, the credentials) does no I/O
and never waits. It returns or yields one of these effects, and a driver carries it out, on an
event loop or in a thread:

    PreparedCall   make this call under its policies           replies with an AttemptOutcome
    Attempt        make one attempt at it                      replies with an AttemptOutcome
    Request        send it with the transport                  replies with its Response
    Sleep          let time pass
    Wait           wait to be woken, for so long at most
    Invoke         call a function: a hook, or one that does   replies with what it returns
                   I/O, such as reading a token file

`PreparedCall` and `Request` are data that exists anyway; the others are defined here. They are
structs: a dataclass takes eight times as long to define, and each wrapper imports this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from noctule.runtime.request import Request

R = TypeVar("R")


class Attempt(msgspec.Struct, frozen=True):
    """Make one attempt, within `seconds` (None: without a limit)."""

    seconds: float | None
    hedge_after: float | None = None
    """Seconds after which to send the request a second time, if the policy engine agrees."""


class Sleep(msgspec.Struct):
    seconds: float


class Wait(msgspec.Struct):
    """Wait until woken, and at most `seconds`."""

    seconds: float
    subscribe: Callable[[Callable[[], None]], bool]
    """Takes the function that wakes the waiting call, from any thread. True: it need not wait."""


class Invoke(msgspec.Struct):
    """Call `function(*arguments)`, and await its result where that is awaitable."""

    function: Callable[..., Any]
    arguments: tuple[object, ...]
    blocking: bool = False
    """It may wait for a disk, so an event loop runs it in a thread."""


if TYPE_CHECKING:
    HttpSteps = Generator[Request | Sleep | Wait | Invoke, Any, R]
    """The steps of an attempt or of a token renewal, then its result."""

    CallSteps = Generator[object, Any, R]
    """The steps of a service: `PreparedCall` and `Invoke`, then its result."""
