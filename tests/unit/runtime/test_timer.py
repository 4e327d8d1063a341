"""Time limits that share a timer end what `asyncio.timeout` would end, and nothing else."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.runtime.timer import RATE, TimeLimit


class Jumping(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to its next timer instead of waiting for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = selectors.DefaultSelector()
        select = selector.select

        def jump(timeout: float | None = None) -> Any:
            found = select(0)
            if not found and timeout:
                self.now += timeout
            return found

        selector.select = jump  # type: ignore[method-assign]
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run(main: Any) -> Any:
    with asyncio.Runner(loop_factory=Jumping) as runner:
        return runner.run(main)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0.001, 20), st.floats(0, 20)),
        min_size=1,
        max_size=20,
    )
)
def test_each_ends_in_time_and_none_too_early(calls: list[tuple[float, float, float]]) -> None:
    async def call(pause: float, limit: float, work: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(pause)
        start = loop.time()
        try:
            with TimeLimit(limit):
                await asyncio.sleep(work)
        except TimeoutError:
            assert limit <= loop.time() - start + 1e-9
            assert loop.time() - start <= limit + 1 / RATE + 1e-9
            assert work >= limit
        else:
            assert work <= limit + 1 / RATE + 1e-9

    async def main() -> None:
        await asyncio.gather(*(call(*each) for each in calls))

    run(main())


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def limited() -> None:
        with TimeLimit(5.0):
            await asyncio.sleep(10)

    async def main() -> None:
        task = asyncio.ensure_future(limited())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_a_cancellation_at_the_same_moment_wins() -> None:
    async def main() -> None:
        limits: list[TimeLimit] = []

        async def limited() -> None:
            with TimeLimit(None) as limit:
                limits.append(limit)
                await asyncio.sleep(10)

        task = asyncio.ensure_future(limited())
        await asyncio.sleep(1)
        limits[0].expire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_the_inner_one_ends_the_inner_block_only() -> None:
    expired: list[str] = []

    async def limited() -> None:
        with TimeLimit(3.0):
            try:
                with TimeLimit(1.0):
                    await asyncio.sleep(10)
            except TimeoutError:
                expired.append("inner")
            await asyncio.sleep(10)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await limited()

    run(main())
    assert expired == ["inner"]


def test_another_error_passes_and_leaves_no_cancellation_behind() -> None:
    async def main() -> None:
        with pytest.raises(KeyError), TimeLimit(1.0):
            raise KeyError
        with TimeLimit(1.0):
            pass
        await asyncio.sleep(5)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(main())


def test_one_timer_serves_a_thousand_calls_and_keeps_none_of_them() -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()

        async def call() -> None:
            with TimeLimit(10.0):
                await asyncio.sleep(0)

        before = len(loop._scheduled)
        await asyncio.gather(*(call() for _ in range(1000)))
        assert len(loop._scheduled) == before + 1
        await asyncio.sleep(11)
        assert len(loop._scheduled) <= before

    run(main())


def test_outside_of_a_task_it_says_so() -> None:
    async def main() -> None:
        events: list[str] = []

        def callback() -> None:
            with pytest.raises(RuntimeError, match="needs a task"), TimeLimit(1.0):
                pass
            events.append("so")

        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert events

    run(main())
