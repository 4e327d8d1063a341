"""The two drivers: they do what a call yields, and decide nothing.

Three layers, each a generator, each with an async and a sync loop here: the call
(`call.ServiceCore`: what to make of the result), its guard (when to attempt), and an attempt's
exchange (which requests that takes).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from inspect import isawaitable
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from noctule.runtime import errors
from noctule.runtime.call.attempt import exchange
from noctule.runtime.effects import Ask, Attempt, Sleep
from noctule.runtime.policy.classify import failed
from noctule.runtime.request import Request, Response

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Generator

    from noctule.runtime.auth import Wait as TokenWait
    from noctule.runtime.call.attempt import Wire
    from noctule.runtime.call.policy_engine import Effect, Guard
    from noctule.runtime.call.request_builder import Call
    from noctule.runtime.clock import Clock
    from noctule.runtime.policy.bulkhead import Ticket
    from noctule.runtime.policy.outcome import Outcome
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport

R = TypeVar("R")

NO_ANSWER = Response(0)
"""What an exchange is sent after a wait."""


async def perform(steps: Generator[Call | Ask, Any, R], transport: AsyncTransport, wire: Wire) -> R:
    """Make a whole call and return its result."""
    try:
        step = next(steps)
        while True:
            reply: object
            try:
                if isinstance(step, Ask):
                    reply = await _ask(step)
                else:
                    reply = await drive(step.guard, partial(_attempt, step, transport, wire))
            except errors.ServiceError as error:
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as done:
        return cast("R", done.value)
    finally:
        steps.close()


async def _ask(ask: Ask) -> object:
    if ask.blocking:
        import asyncio

        return await asyncio.to_thread(ask.function, *ask.arguments)
    answer = ask.function(*ask.arguments)
    return await answer if isawaitable(answer) else answer


async def _attempt(call: Call, transport: AsyncTransport, wire: Wire, _: Attempt) -> Outcome:
    return await _exchange(exchange(call.request, wire, call.keyed), transport, wire.clock)


async def drive(guard: Guard, attempt: Callable[[Attempt], Awaitable[Outcome]]) -> Outcome:
    """Run a guard; returns the successful verdict, raises `ServiceError`.

    `attempt` returns a verdict; it raises only when the call is cancelled, or for a bug.
    """
    verdict: Outcome | None = None
    try:
        effect: Effect = guard.first()
        while True:
            if isinstance(effect, Attempt):
                hedged = effect.hedge_after is not None
                sending = _hedged(effect, attempt, guard) if hedged else attempt(effect)
                if effect.seconds is None:
                    verdict = await sending
                else:
                    try:
                        with guard.rules.clock.timeout(effect.seconds):
                            verdict = await sending
                    except TimeoutError:
                        verdict = failed(errors.TimedOut())
                pause = guard.answered(verdict)
                if pause is None:
                    return verdict
                effect = pause
            else:
                if isinstance(effect, Sleep):
                    await guard.rules.clock.sleep(effect.seconds)
                else:
                    await _wait(effect, guard)
                effect = guard.resume()
    finally:
        # An error's traceback holds this frame, and a verdict the error: no circles, or they
        # wait for the garbage collector by the thousand.
        del verdict
        guard.close()


async def _hedged(
    effect: Attempt, attempt: Callable[[Attempt], Awaitable[Outcome]], guard: Guard
) -> Outcome:
    """The first success of two requests, the second one sent when the first one is slow."""
    import asyncio

    tasks = [asyncio.ensure_future(attempt(effect))]
    try:
        try:
            with guard.rules.clock.timeout(effect.hedge_after or 0.0):
                return await asyncio.shield(tasks[0])
        except TimeoutError:
            if guard.hedge():
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


async def _exchange(
    steps: Generator[Request | TokenWait, Response, Outcome],
    transport: AsyncTransport,
    clock: Clock,
) -> Outcome:
    response = NO_ANSWER
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Request):
                    response = await transport.asend(step)
                else:
                    await step.awaited(clock)
            except errors.ServiceError as error:
                step = steps.throw(error)
            else:
                step = steps.send(response)
    except StopIteration as done:
        return cast("Outcome", done.value)
    finally:
        steps.close()


def _exchange_sync(
    steps: Generator[Request | TokenWait, Response, Outcome],
    transport: SyncTransport,
    clock: Clock,
    seconds: float | None,
) -> Outcome:
    response = NO_ANSWER
    until = None if seconds is None else clock.monotonic() + seconds
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Request):
                    response = transport.send(_within(until, step, clock))
                else:
                    step.blocked(clock)
            except errors.ServiceError as error:
                step = steps.throw(error)
            else:
                step = steps.send(response)
    except StopIteration as done:
        return cast("Outcome", done.value)
    finally:
        steps.close()


def _within(until: float | None, request: Request, clock: Clock) -> Request:
    """A thread cannot be cancelled, so its transport is told how much of the attempt is left."""
    left = None if until is None else until - clock.monotonic()
    if left is not None and left <= 0:
        late = errors.TimedOut()
        late.sent = False
        raise late
    request.limits = replace(request.limits, total=left)
    return request


async def _wait(ticket: Ticket, guard: Guard) -> None:
    import asyncio

    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if guard.rules.health.await_place(ticket, MethodType(_rouse, woken)):
        return
    try:
        with guard.rules.clock.timeout(ticket.seconds):
            await woken
    except TimeoutError:
        return


def _rouse(woken: asyncio.Future[None]) -> None:
    """From whichever thread gave up its place."""
    woken.get_loop().call_soon_threadsafe(_wake, woken)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def perform_sync(steps: Generator[Call | Ask, Any, R], transport: SyncTransport, wire: Wire) -> R:
    """`perform` for a thread."""
    try:
        step = next(steps)
        while True:
            reply: object
            try:
                if isinstance(step, Ask):
                    reply = _ask_sync(step)
                else:
                    attempt = partial(_attempt_sync, step, transport, wire)
                    reply = drive_sync(step.guard, attempt)
            except errors.ServiceError as error:
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as done:
        return cast("R", done.value)
    finally:
        steps.close()


def _ask_sync(ask: Ask) -> object:
    try:
        return ask.function(*ask.arguments)
    except StopIteration as stop:
        # It would be taken for the end of the call; a coroutine turns it into this, too.
        raise RuntimeError("a hook raised StopIteration") from stop


def _attempt_sync(call: Call, transport: SyncTransport, wire: Wire, effect: Attempt) -> Outcome:
    steps = exchange(call.request, wire, call.keyed)
    return _exchange_sync(steps, transport, wire.clock, effect.seconds)


def drive_sync(guard: Guard, attempt: Callable[[Attempt], Outcome]) -> Outcome:
    """`drive` for a thread. `attempt` keeps to its seconds by itself."""
    clock = guard.rules.clock
    verdict: Outcome | None = None
    try:
        effect: Effect = guard.first()
        while True:
            if isinstance(effect, Attempt):
                verdict = attempt(effect)
                pause = guard.answered(verdict)
                if pause is None:
                    return verdict
                effect = pause
            else:
                if isinstance(effect, Sleep):
                    clock.block(effect.seconds)
                else:
                    _wait_sync(effect, guard)
                effect = guard.resume()
    finally:
        del verdict
        guard.close()


def _wait_sync(ticket: Ticket, guard: Guard) -> None:
    from threading import Event

    woken = Event()
    if not guard.rules.health.await_place(ticket, woken.set):
        woken.wait(guard.rules.clock.real(ticket.seconds))
