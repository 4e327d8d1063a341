"""The two drivers: they carry out effects and decide nothing. `AsyncDriver` runs on an event loop,
`SyncDriver` in a thread; all I/O and all waiting of a call happens here and in the transport.

Two loops each. `run` drives a generator of effects: the steps of a service around a call, and
the steps of one attempt. `run_policies` drives a policy engine, which decides when to attempt.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from inspect import isawaitable
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from noctule.runtime import errors
from noctule.runtime.call.attempt import run_attempt
from noctule.runtime.effects import Attempt, Invoke, Sleep, Wait
from noctule.runtime.request import Request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Generator

    from noctule.runtime.call.attempt import AttemptContext
    from noctule.runtime.call.policy_engine import PolicyEngine
    from noctule.runtime.call.request_builder import PreparedCall
    from noctule.runtime.clock import Clock
    from noctule.runtime.policy.outcome import AttemptOutcome
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport

R = TypeVar("R")


class AsyncDriver:
    """Carries out effects on an event loop."""

    def __init__(self, transport: AsyncTransport, context: AttemptContext) -> None:
        self._transport = transport
        self._context = context

    async def run(self, steps: Generator[Any, Any, R]) -> R:
        """Carry out each effect that `steps` yields, until it returns. A `ServiceError` of an
        effect is thrown into `steps`."""
        try:
            effect = next(steps)
            while True:
                reply: object
                try:
                    if isinstance(effect, Request):
                        reply = await self._transport.asend(effect)
                    else:
                        reply = await self._perform(effect)
                except errors.ServiceError as error:
                    effect = steps.throw(error)
                else:
                    effect = steps.send(reply)
        except StopIteration as stop:
            return cast("R", stop.value)
        finally:
            effect = None  # a signed request; trackers print the variables of a cancelled call
            steps.close()

    async def _perform(self, effect: PreparedCall | Sleep | Wait | Invoke) -> object:
        if isinstance(effect, Invoke):
            return await _invoke(effect)
        if isinstance(effect, Sleep):
            await self._context.clock.sleep(effect.seconds)
        elif isinstance(effect, Wait):
            await _wait(effect, self._context.clock)
        else:
            try:
                return await run_policies(effect.engine, partial(self._attempt, effect))
            except errors.ServiceError:
                raise
            except BaseException as error:
                effect.interrupted(error)
                raise
        return None

    async def _attempt(self, call: PreparedCall, _: Attempt) -> AttemptOutcome:
        return await self.run(run_attempt(call, self._context))


async def run_policies(
    engine: PolicyEngine, attempt: Callable[[Attempt], Awaitable[AttemptOutcome]]
) -> AttemptOutcome:
    """Make attempts as `engine` decides. Returns the successful outcome, raises `ServiceError`.

    `attempt` returns an outcome; it raises only when the call is cancelled, or for a bug.
    """
    outcome: AttemptOutcome | None = None
    try:
        effect = engine.start()
        while True:
            if isinstance(effect, Attempt):
                hedged = effect.hedge_after is not None
                sending = _hedged(effect, attempt, engine) if hedged else attempt(effect)
                if effect.seconds is None:
                    outcome = await sending
                else:
                    try:
                        with engine.config.clock.timeout(effect.seconds):
                            outcome = await sending
                    except TimeoutError:
                        outcome = engine.timed_out()
                pause = engine.after_attempt(outcome)
                if pause is None:
                    return outcome
                effect = pause
            else:
                if isinstance(effect, Sleep):
                    await engine.config.clock.sleep(effect.seconds)
                else:
                    await _wait(effect, engine.config.clock)
                effect = engine.resume()
    finally:
        # An error's traceback holds this frame, and an outcome the error. Without the cycle, they
        # need not wait for the garbage collector.
        del outcome
        engine.close()


async def _hedged(
    effect: Attempt, attempt: Callable[[Attempt], Awaitable[AttemptOutcome]], engine: PolicyEngine
) -> AttemptOutcome:
    """The first success of two requests, the second one sent when the first one is slow."""
    import asyncio

    tasks = [asyncio.ensure_future(attempt(effect))]
    try:
        try:
            with engine.config.clock.timeout(effect.hedge_after or 0.0):
                return await asyncio.shield(tasks[0])
        except TimeoutError:
            if engine.try_hedge():
                tasks.append(asyncio.ensure_future(attempt(effect)))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = next(iter(done))
        if first.result().error is None or len(tasks) == 1:
            return first.result()
        return await next(task for task in tasks if task is not first)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait(effect: Wait, clock: Clock) -> None:
    import asyncio

    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if effect.subscribe(MethodType(_wake_from_any_thread, woken)):
        return
    try:
        with clock.timeout(effect.seconds):
            await woken
    except TimeoutError:
        return


def _wake_from_any_thread(woken: asyncio.Future[None]) -> None:
    # A thread may wake a call whose event loop has ended in the meantime.
    with suppress(RuntimeError):
        woken.get_loop().call_soon_threadsafe(_wake, woken)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


async def _invoke(effect: Invoke) -> object:
    if effect.blocking:
        import asyncio

        return await asyncio.to_thread(effect.function, *effect.arguments)
    result = effect.function(*effect.arguments)
    return await result if isawaitable(result) else result


class SyncDriver:
    """Carries out effects in a thread."""

    def __init__(self, transport: SyncTransport, context: AttemptContext) -> None:
        self._transport = transport
        self._context = context

    def run(self, steps: Generator[Any, Any, R], until: float | None = None) -> R:
        """`AsyncDriver.run`. Requests end at `until`, since a thread cannot be cancelled."""
        try:
            effect = next(steps)
            while True:
                reply: object
                try:
                    if isinstance(effect, Request):
                        reply = self._transport.send(_limited(effect, until, self._context.clock))
                    else:
                        reply = self._perform(effect)
                except errors.ServiceError as error:
                    effect = steps.throw(error)
                else:
                    effect = steps.send(reply)
        except StopIteration as stop:
            return cast("R", stop.value)
        finally:
            effect = None  # a signed request; trackers print the variables of a cancelled call
            steps.close()

    def _perform(self, effect: PreparedCall | Sleep | Wait | Invoke) -> object:
        clock = self._context.clock
        if isinstance(effect, Invoke):
            return _invoke_sync(effect)
        if isinstance(effect, Sleep):
            clock.block(effect.seconds)
        elif isinstance(effect, Wait):
            _wait_sync(effect, clock)
        else:
            try:
                return run_policies_sync(effect.engine, partial(self._attempt, effect))
            except errors.ServiceError:
                raise
            except BaseException as error:
                effect.interrupted(error)
                raise
        return None

    def _attempt(self, call: PreparedCall, attempt: Attempt) -> AttemptOutcome:
        clock, seconds = self._context.clock, attempt.seconds
        until = None if seconds is None else clock.monotonic() + seconds
        return self.run(run_attempt(call, self._context), until)


def run_policies_sync(
    engine: PolicyEngine, attempt: Callable[[Attempt], AttemptOutcome]
) -> AttemptOutcome:
    """`run_policies` for a thread. `attempt` keeps within its seconds by itself."""
    clock = engine.config.clock
    outcome: AttemptOutcome | None = None
    try:
        effect = engine.start()
        while True:
            if isinstance(effect, Attempt):
                outcome = attempt(effect)
                pause = engine.after_attempt(outcome)
                if pause is None:
                    return outcome
                effect = pause
            else:
                if isinstance(effect, Sleep):
                    clock.block(effect.seconds)
                else:
                    _wait_sync(effect, clock)
                effect = engine.resume()
    finally:
        del outcome
        engine.close()


def _limited(request: Request, until: float | None, clock: Clock) -> Request:
    """The request, limited to what is left of the attempt; raises `TimedOut` if nothing is."""
    left = None if until is None else until - clock.monotonic()
    if left is not None and left <= 0:
        error = errors.TimedOut()
        error.sent = False
        raise error
    request.limits = request.limits.within(left)
    return request


def _wait_sync(effect: Wait, clock: Clock) -> None:
    from threading import Event

    woken, end = Event(), clock.monotonic() + effect.seconds
    if not effect.subscribe(woken.set) and not woken.wait(clock.real(effect.seconds)):
        # On a clock that jumps, nothing has waited yet.
        clock.block(max(0.0, end - clock.monotonic()))


def _invoke_sync(effect: Invoke) -> object:
    try:
        return effect.function(*effect.arguments)
    except StopIteration as stop:
        # It would be taken for the end of the steps; a coroutine raises this, too.
        raise RuntimeError("a hook raised StopIteration") from stop
