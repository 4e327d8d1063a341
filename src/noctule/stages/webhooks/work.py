"""Run the handlers of a module on stored events."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.inbox import as_problem
from noctule.webhooks.receiving.base import BaseReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


def work(
    app: str,
    folder: Path,
    *,
    drain: bool = False,
    on_start: Callable[[Sequence[str]], None] = lambda _: None,
    on_stopping: Callable[[], None] = lambda: None,
) -> None:
    """Run the handlers of the receivers at `app` (`module:name`): until SIGINT or SIGTERM, or with
    `drain` until no event is due. `on_start` gets the routes. Raises `Problem`."""
    receivers = load_receivers(app, folder)
    with as_problem():
        asyncio.run(_Work(receivers, on_start, on_stopping).run(drain=drain))


def load_receivers(app: str, folder: Path) -> list[BaseReceiver]:
    """The receivers at `module:name`, looked for in the project and its `src`. Raises `Problem`."""
    module, _, name = app.partition(":")
    sys.path[:0] = [str(folder.resolve()), str(folder.resolve() / "src")]
    try:
        target: Any = import_module(module)
        for part in (name or "receiver").split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError, ValueError) as error:
        cause = f"{type(error).__name__}: {error}"
        raise Problem("webhooks.no_app", exit=Exit.USAGE, place=app, cause=cause) from error
    receivers = [target] if isinstance(target, BaseReceiver) else _items(target)
    if not receivers or not all(isinstance(receiver, BaseReceiver) for receiver in receivers):
        raise Problem("webhooks.not_receiver", exit=Exit.USAGE, place=app)
    return cast("list[BaseReceiver]", receivers)


def _items(value: Any) -> list[Any]:
    return list(cast("Iterable[Any]", value)) if isinstance(value, list | tuple | set) else []


@dataclass
class _Work:
    receivers: Sequence[BaseReceiver]
    on_start: Callable[[Sequence[str]], None]
    on_stopping: Callable[[], None]

    async def run(self, *, drain: bool) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop itself
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
        async with AsyncExitStack() as stack:
            for receiver in self.receivers:
                await stack.enter_async_context(receiver.working())
            self.on_start([receiver.route for receiver in self.receivers])
            if drain:
                for receiver in self.receivers:
                    await receiver.drain()
            else:
                await stop.wait()
                self.on_stopping()
