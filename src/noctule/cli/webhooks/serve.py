"""`noctule webhooks serve`: a server that only receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output, log_to_terminal
from noctule.cli.webhooks.common import inbox, provider_routes

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language
    from noctule.stages.webhooks.serve import ServedRoutes


@click.command("serve", short_help="Receive deliveries: verify, store and acknowledge them.")
@provider_routes
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--admin-host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind for /healthz and /metrics.",
)
@click.option(
    "--admin-port",
    type=click.IntRange(0, 65535),
    default=9464,
    show_default=True,
    help="Port of /healthz and /metrics; 0 for none.",
)
@click.option(
    "--repeats",
    metavar="[PROVIDER=]ACTION",
    multiple=True,
    help="What becomes of events that may be replays: quarantine (default), handle or drop.",
)
@inbox
@options.project
@options.as_json
@options.lang
def command(
    providers: tuple[str, ...],
    host: str,
    port: int,
    admin_host: str,
    admin_port: int,
    repeats: tuple[str, ...],
    inbox: str | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Receive deliveries until Ctrl-C: verify, store and acknowledge them.

    Without --route, it serves the webhooks of the tasks in integrations/, or else of every provider
    whose secret is in the environment. Stored events wait for `noctule webhooks work` or for your
    application. /healthz and /metrics (Prometheus) are served on a port of their own, which
    senders do not reach and their connections cannot fill.
    """
    import logging

    from noctule.stages.webhooks.serve import serve_webhooks

    log_to_terminal(logging.WARNING)
    output = Output(lang or "en", as_json=as_json)

    def show(served: ServedRoutes) -> None:
        for route in served.routes:
            url = f"{served.address}{route.path}"
            output.say("webhooks.serving", url=url, provider=route.provider, origin=route.origin)
        if served.admin:
            output.say("webhooks.serving_admin", url=served.admin)
        output.json(served.as_json())

    serve_webhooks(
        inbox,
        folder,
        providers,
        host=host,
        port=port,
        admin_host=admin_host,
        admin_port=admin_port,
        repeats=repeats,
        on_ready=show,
    )
    output.say("webhooks.stopped")
    return options.exit_code(good=True)
