"""`noctule webhooks work`: the handlers of a module, on what was stored."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import trouble
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from noctule.messages import Language
    from noctule.webhooks.receiving.intake import Intake


@click.command("work", short_help="Run the handlers of a module on what was stored.")
@click.option("--app", required=True, metavar="MODULE:NAME", help="A receiver, or a list of them.")
@click.option("--drain", is_flag=True, help="End when nothing is due any more.")
@options.project
@options.lang
def command(app: str, drain: bool, folder: Path, lang: Language | None) -> int:
    """Run the handlers of a module on what was stored, until Ctrl-C or SIGTERM.

    Several may run, on several machines where the inbox is in PostgreSQL. When one is stopped, its
    running handlers have ten seconds; when it is killed, another one takes over after a minute.
    """
    import asyncio
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    output = Output(lang or "en")
    receivers = load(app, folder)
    with trouble():
        asyncio.run(_run(output, receivers, drain=drain))
    return int(Exit.DONE)


def load(app: str, folder: Path) -> list[Intake]:
    """The receivers at `module:name`, looked for in the project and its `src`. Raises Problem."""
    from noctule.webhooks.receiving.intake import Intake

    module, _, name = app.partition(":")
    sys.path[:0] = [str(folder.resolve()), str(folder.resolve() / "src")]
    try:
        found: Any = import_module(module)
        for part in (name or "receiver").split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        cause = f"{type(error).__name__}: {error}"
        raise Problem("webhooks.no_app", exit=Exit.USAGE, place=app, cause=cause) from error
    receivers = [found] if isinstance(found, Intake) else _listed(found)
    if not receivers or not all(isinstance(receiver, Intake) for receiver in receivers):
        raise Problem("webhooks.not_receiver", exit=Exit.USAGE, place=app)
    return cast("list[Intake]", receivers)


def _listed(found: Any) -> list[Any]:
    return list(cast("Iterable[Any]", found)) if isinstance(found, list | tuple | set) else []


async def _run(output: Output, receivers: list[Intake], *, drain: bool) -> None:
    import asyncio
    import contextlib
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop itself
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for receiver in receivers:
            await stack.enter_async_context(receiver.working())
        output.say("webhooks.working", routes=", ".join(r.route for r in receivers))
        if drain:
            for receiver in receivers:
                await receiver.drain()
        else:
            await stop.wait()
            output.say("webhooks.stopping")
    output.say("webhooks.stopped")
