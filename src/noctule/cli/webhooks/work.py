"""`noctule webhooks work`: run handlers on stored events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output, log_to_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command("work", short_help="Run the handlers of a module on stored events.")
@click.option("--app", required=True, metavar="MODULE:NAME", help="A receiver, or a list of them.")
@click.option("--drain", is_flag=True, help="End when no event is due any more.")
@options.project
@options.lang
def command(app: str, drain: bool, folder: Path, lang: Language | None) -> int:
    """Run the handlers of a module on stored events, until Ctrl-C or SIGTERM.

    Several workers may run, on several machines if the inbox is in PostgreSQL. When a worker is
    stopped, its running handlers have ten seconds to finish; when it is killed, another one takes
    over after a minute.
    """
    import logging

    from noctule.stages.webhooks.work import work

    log_to_terminal(logging.INFO)
    output = Output(lang or "en")
    work(
        app,
        folder,
        drain=drain,
        on_start=lambda routes: output.say("webhooks.working", routes=", ".join(routes)),
        on_stopping=lambda: output.say("webhooks.stopping"),
    )
    output.say("webhooks.stopped")
    return options.exit_code(good=True)
