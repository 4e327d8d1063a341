"""The server of `noctule webhooks serve`: granian, in this process and on this event loop.

It uses ASGI, not granian's faster RSGI interface: RSGI decodes paths and drops headers that are not
ASCII, so a signature that covers the address could not be checked.

A connection that has not sent a whole head after `HEAD_SECONDS` is closed. There may be thousands
of those: an idle one takes about 10 KB.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BACKLOG = 1024
HEAD_SECONDS = 5
CONNECTIONS = 8192
ADMIN_CONNECTIONS = 64
OTHER_FILES = 256
"""Open files that are no connections of senders: libraries, the inbox, the admin pages."""


@dataclass(frozen=True)
class Site:
    """An ASGI application and where it is served."""

    app: Any
    host: str
    port: int
    connections: int = CONNECTIONS

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def run(main: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run`, on uvloop if it is installed (not on Windows): half the server's time."""
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        from uvloop import new_event_loop as loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main)


async def serve(*sites: Site, until: Coroutine[Any, Any, object] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, or until `until` ends. The caller runs the applications'
    lifespans.

    Raises ImportError naming the extra if granian is missing, OSError if an address is in use.
    """
    servers = [_server(site, min(site.connections, _files() - OTHER_FILES)) for site in sites]
    loop = asyncio.get_running_loop()
    running = [asyncio.create_task(server.serve()) for server in servers]

    def stop() -> None:
        for server in servers:
            server.stop()

    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop itself
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
    if until is not None:
        ending = asyncio.create_task(until)
        await asyncio.wait((*running, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        stop()
    await asyncio.gather(*running)


def _server(site: Site, connections: int) -> Any:
    try:
        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.server.embed import Server
    except ImportError as error:
        raise ImportError("serving needs granian: pip install 'noctule[serve]'") from error
    return Server(
        site.app,
        address=site.host,
        port=site.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000),
        websockets=False,
        backlog=BACKLOG,
        backpressure=max(1, connections),
        log_enabled=False,
    )


def _files() -> int:
    """How many files this process may open, after asking for as many as there are connections."""
    try:
        import resource
    except ImportError:  # Windows
        return CONNECTIONS + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else soft
