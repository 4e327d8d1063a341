"""The half-open trial call: exactly one is sent, and one that is cut off does not block the next.

Cut off async: a task that makes the trial call is cancelled at every point where it waits, for
calls of several kinds (a plain read, a write, a raw call, a stream, one with a fallback, one that
is redirected, one that first fetches a token, one that may be hedged) over transports that wait 1
to 16 times. Cut off sync: an exception that is no `Exception`, as Ctrl-C is, wherever that can
strike in the runtime while the trial call is on its way. Afterwards the provider is well, and the
next call must be let through at once. Where the interrupt strikes the start of the trial call
itself, or its end, the next one is sent when a trial call would be due anyway.

Takes a minute.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noctule.runtime
from benchmarks.shared import Table, parser, report
from noctule.runtime import (
    CallOptions,
    CircuitOpen,
    Headers,
    LastGood,
    NoAuth,
    OAuth2ClientCredentials,
    Operation,
    Policies,
    ProviderStates,
    Response,
    Service,
    ServiceConfig,
    ServiceError,
    SyncService,
    SystemClock,
    env,
)
from noctule.runtime.policy.breaker import CLOSED, HALF_OPEN
from noctule.runtime.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from types import FrameType

    from noctule.runtime import Clock, Request

READ = Operation("read", "GET", "/items", returns=bytes)
WRITE = Operation("write", "POST", "/items", returns=bytes, body="json", retry="with_key")
HOME = Path(noctule.runtime.__file__).parent.as_posix()
ONCE = CallOptions(attempts=1)
OK = Response(200, Headers(), b"well")
TOKEN = Response(200, Headers(), b'{"access_token":"a-token","expires_in":3600}')
AWAY = Response(302, Headers([("location", "/elsewhere")]))


class Nothing:
    """A body on the wire."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"well"

    async def aclose(self) -> None:
        return


def answer(request: Request) -> Response:
    """A token, a redirect where it is asked for, or that all is well."""
    if request.url.endswith("/token"):
        return TOKEN
    if request.stream:
        return Response(200, body=Nothing())
    return AWAY if request.headers.get("X-Away") and "elsewhere" not in request.url else OK


class Waiting:
    """A transport that waits so often."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.sent = 0

    async def asend(self, request: Request) -> Response:
        self.sent += 1
        for _ in range(self.times):
            await asyncio.sleep(0)
        return answer(request)

    def send(self, request: Request) -> Response:
        return answer(request)

    async def aclose(self) -> None:
        return

    def close(self) -> None:
        return


class Watched(Waiting):
    """Counts the requests that came before the first answer, which says that all is well or not."""

    def __init__(self, clock: Clock, *, well: bool) -> None:
        super().__init__(0)
        self.clock = clock
        self.answer = OK if well else Response(503)
        self.early = 0
        self.answered = False
        self.others_settled: Callable[[], bool] = lambda: True

    async def asend(self, _: Request) -> Response:
        self.early += not self.answered
        self.sent += 1
        await self.clock.sleep(0.05)
        self.answered = True
        return self.answer

    def send(self, _: Request) -> Response:
        """For threads: the answer comes when the others have been refused, or wait in line."""
        self.sent += 1
        self.early += not self.answered
        end = time.monotonic() + 5.0
        while not (self.answered or self.others_settled()) and time.monotonic() < end:
            time.sleep(0.001)
        self.answered = True
        return self.answer


def service_with_open_circuit(
    kind: type[Any], transport: Any, clock: Clock, *, token: bool = False, places: int = 3
) -> Any:
    """A service whose circuit is open, and due for a trial call."""
    auth = NoAuth()
    if token:
        os.environ |= {"PROBE_ID": "probe-client", "PROBE_SECRET": "probe-secret"}
        url = "https://probe.example/token"
        auth = OAuth2ClientCredentials(url, env("PROBE_ID"), env("PROBE_SECRET"))
    config = ServiceConfig(
        name="probe",
        base_url="https://probe.example",
        auth=auth,
        idempotency_header="Idempotency-Key",
        policies=Policies(max_concurrency=places),
    )
    service = type("Probe", (kind,), {"config": config})(
        transport=transport, clock=clock, provider_states=ProviderStates(random.Random(7).random)
    )
    state_of(service).circuits.provider.breaker.trip(clock.monotonic() - 10.0)
    return service


def state_of(service: Any) -> Any:
    return service._builder._settings_for(READ, None).engine_config.state


def in_trial(state: Any) -> bool:
    return (
        state.circuits.provider.breaker.state is HALF_OPEN
        and state.circuits.provider.breaker._trial_running
    )


async def streamed(service: Any) -> None:
    async with service.stream(READ):
        pass


SHAPES: dict[str, Callable[[Any], Awaitable[object]]] = {
    "read": lambda service: service.call(READ),
    "write": lambda service: service.call(WRITE, body={"a": 1}),
    "raw": lambda service: service.raw(READ),
    "stream": streamed,
    "fallback": lambda service: service.call(READ, fallback=LastGood(max_age=60.0)),
    "redirect": lambda service: service.call(READ, options=CallOptions(headers={"X-Away": "1"})),
    "token": lambda service: service.call(READ),
    "hedged": lambda service: service.call(READ, options=CallOptions(hedge_after=1.0)),
}


async def cancelled(waits: Iterable[int] = range(1, 17)) -> Counter[str]:
    """Every point of every shape."""
    count: Counter[str] = Counter()
    for name, shape in SHAPES.items():
        for times in waits:
            point = 0
            while await cancelled_at(point, name, shape, times, count):
                point += 1
    return count


async def cancelled_at(
    point: int,
    name: str,
    shape: Callable[[Any], Awaitable[object]],
    times: int,
    count: Counter[str],
) -> bool:
    """Whether the call was still under way after so many turns of the loop."""
    service = service_with_open_circuit(
        Service, Waiting(times), SystemClock(), token=name == "token"
    )
    state = state_of(service)
    task = asyncio.ensure_future(shape(service))
    for _ in range(point + 1):
        await asyncio.sleep(0)
    if task.done():
        return False
    if in_trial(state):
        count["cut off"] += 1
        task.cancel()
        await asyncio.wait([task])
        service._transport.times = 0
        await service.call(READ)
        await service.call(READ)
        recovered = (
            state.circuits.provider.breaker.state is CLOSED and state.bulkhead.active_calls == 0
        )
        count["recovered"] += recovered
    task.cancel()
    await asyncio.wait([task])
    return True


class Interrupt(BaseException):
    """What Ctrl-C raises, for a test."""


class Strike:
    """A profile function that raises where Ctrl-C can strike: when a function of the runtime begins
    and when one written in C has returned to it; the `at`-th time while a trial call is out."""

    def __init__(self, at: int, state: Any) -> None:
        self.at = at
        self.state = state
        self.where = ""

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if (
            event in ("call", "c_return")
            and frame.f_code.co_filename.startswith(HOME)
            and in_trial(self.state)
        ):
            self.at -= 1
            if self.at < 0:
                sys.setprofile(None)
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise Interrupt


def interrupted() -> tuple[Counter[str], list[str]]:
    """Every such place, and those after which a trial call had to be waited for."""
    count: Counter[str] = Counter()
    late: list[str] = []
    for arguments in ({}, {"options": CallOptions(headers={"X-Away": "1"})}):
        for at in range(10_000):
            clock = VirtualClock()
            service = service_with_open_circuit(SyncService, Waiting(0), clock)
            state = state_of(service)
            strike = Strike(at, state)
            sys.setprofile(strike)
            try:
                service.call(READ, **arguments)
                break
            except Interrupt:
                pass
            finally:
                sys.setprofile(None)
            count["cut off"] += 1
            if recovers(service, state):
                count["recovered"] += 1
            else:
                clock.advance(10.0)
                count["recovered later"] += recovers(service, state)
                late.append(strike.where)
            count["places lost"] += state.bulkhead.active_calls
    return count, late


def recovers(service: Any, state: Any) -> bool:
    try:
        service.call(READ)
        service.call(READ)
    except CircuitOpen:
        return False
    return state.circuits.provider.breaker.state is CLOSED


async def tasks(callers: int = 50, rounds: int = 100) -> int:
    """Rounds in which exactly one of many tasks made the trial call. In every other one it fails,
    and none of those that waited for it may go; else they follow."""
    exact = 0
    for number in range(rounds):
        well = number % 2 == 0
        clock = VirtualClock()
        transport = Watched(clock, well=well)
        service = service_with_open_circuit(Service, transport, clock, places=callers)
        calls = [service.call(READ, options=ONCE) for _ in range(callers)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        refused = sum(isinstance(result, CircuitOpen) for result in results)
        exact += single(transport, well=well, others=callers - 1, refused=refused)
    return exact


def single(transport: Watched, *, well: bool, others: int, refused: int) -> bool:
    """Whether one went, and the others after it or not at all."""
    later = transport.sent - 1
    return transport.early == 1 and later + refused == others and (later > 0) == well


def threads(callers: int = 30, rounds: int = 50) -> int:
    """Rounds in which exactly one of so many threads made the trial call."""
    return sum(one_of_threads(callers, well=number % 2 == 0) for number in range(rounds))


def one_of_threads(callers: int, *, well: bool) -> bool:
    clock = SystemClock()
    transport = Watched(clock, well=well)
    service = service_with_open_circuit(SyncService, transport, clock, places=callers)
    line = state_of(service).circuits.provider.breaker.line
    barrier = threading.Barrier(callers)
    refused: list[bool] = []
    transport.others_settled = lambda: len(line.calls) + len(refused) == callers - 1

    def call() -> None:
        barrier.wait()
        try:
            service.call(READ, options=ONCE)
        except CircuitOpen:
            refused.append(True)
        except ServiceError:
            pass

    started = [threading.Thread(target=call) for _ in range(callers)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return single(transport, well=well, others=callers - 1, refused=len(refused))


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.trial_calls", __doc__).parse_args(arguments)
    logging.getLogger("noctule").setLevel(logging.CRITICAL)
    cut, (struck, late) = asyncio.run(cancelled()), interrupted()
    rows: list[tuple[str | int | float, ...]] = [
        (
            "rounds in which exactly 1 of 50 tasks made the trial call",
            f"{asyncio.run(tasks())} of 100",
        ),
        ("rounds in which exactly 1 of 30 threads made the trial call", f"{threads()} of 50"),
        ("trial calls cancelled at an await, recovered", f"{cut['recovered']} of {cut['cut off']}"),
        (
            "trial calls struck by an interrupt, recovered at once",
            f"{struck['recovered']} of {struck['cut off']}",
        ),
        ("… when the next trial call is due", struck["recovered later"]),
        ("permits of the bulkhead that interrupts cost", struck["places lost"]),
    ]
    places = ", ".join(f"`{place}` ({times})" for place, times in Counter(late).items())
    note = f"Not recovered at once after an interrupt at {places}." if late else ""
    report(options, Table("One trial call, whatever happens to it", ("", ""), rows, note))
    return 0
