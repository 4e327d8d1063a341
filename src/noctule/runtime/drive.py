"""The two drivers: they do what a guard yields, and decide nothing.

`perform` makes one attempt and returns its verdict; it raises only when the call was cancelled
or when there is a bug.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.guard import Attempt, Sleep
from noctule.runtime.policy.classify import failed
from noctule.runtime.policy.verdict import Verdict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from noctule.runtime.clock import Clock
    from noctule.runtime.guard import Guard, Wait

NOTHING = Verdict()
"""What a guard is sent after a wait."""


async def drive(guard: Guard, perform: Callable[[Attempt], Awaitable[Verdict]]) -> Verdict:
    """Make the call; returns the successful verdict, raises `ServiceError`."""
    core = guard.run()
    clock = guard.clock
    try:
        effect = next(core)
        reply = NOTHING
        while True:
            if isinstance(effect, Attempt):
                reply = await _attempt(effect, perform, clock)
            elif isinstance(effect, Sleep):
                await clock.sleep(effect.seconds)
            else:
                await _wait(effect, guard)
            effect = core.send(reply)
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict
    finally:
        core.close()


async def _attempt(
    effect: Attempt, perform: Callable[[Attempt], Awaitable[Verdict]], clock: Clock
) -> Verdict:
    if effect.seconds is None:
        return await perform(effect)
    try:
        async with clock.timeout(effect.seconds):
            return await perform(effect)
    except TimeoutError:
        return failed(errors.TimedOut())


async def _wait(effect: Wait, guard: Guard) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        loop.call_soon_threadsafe(_wake, woken)

    if guard.health.await_place(effect.ticket, wake):
        return
    try:
        async with guard.clock.timeout(effect.seconds):
            await woken
    except TimeoutError:
        return


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def drive_sync(guard: Guard, perform: Callable[[Attempt], Verdict]) -> Verdict:
    """`drive` for a thread. `perform` keeps to the attempt's seconds by itself."""
    core = guard.run()
    clock = guard.clock
    try:
        effect = next(core)
        reply = NOTHING
        while True:
            if isinstance(effect, Attempt):
                reply = perform(effect)
            elif isinstance(effect, Sleep):
                clock.block(effect.seconds)
            else:
                _wait_sync(effect, guard)
            effect = core.send(reply)
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict
    finally:
        core.close()


def _wait_sync(effect: Wait, guard: Guard) -> None:
    from threading import Event

    woken = Event()
    if not guard.health.await_place(effect.ticket, woken.set):
        woken.wait(guard.clock.real(effect.seconds))
