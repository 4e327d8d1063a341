"""The server of `noctule webhooks serve`: granian, in this process and on this event loop.

It uses ASGI, not granian's faster RSGI interface: RSGI decodes paths and drops headers that are not
ASCII, so a signature that covers the address could not be checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BACKLOG = 1024


def run(main: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run`, on uvloop if it is installed (not on Windows): half the server's time."""
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        from uvloop import new_event_loop as loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main)


async def serve(
    app: Any, host: str, port: int, *, until: Coroutine[Any, Any, object] | None = None
) -> None:
    """Serve an ASGI application until SIGINT or SIGTERM, or until `until` ends. The caller runs the
    application's lifespan.

    Raises ImportError naming the extra if granian is missing, OSError if the address is in use.
    """
    try:
        from granian.constants import HTTPModes, Interfaces
        from granian.server.embed import Server
    except ImportError as error:
        raise ImportError("serving needs granian: pip install 'noctule[serve]'") from error
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
    )
    stop: Callable[[], None] = server.stop
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(server.serve())
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop itself
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
    if until is not None:
        ending = asyncio.create_task(until)
        await asyncio.wait((running, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        stop()
    await running
