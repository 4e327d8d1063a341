"""`noctule webhooks serve`: the way in, by itself."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox, trouble
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language
    from noctule.stages.webhooks.routes import Route
    from noctule.webhooks.receiving.router import Site


@click.command("serve", short_help="Take deliveries in: verify, store, answer.")
@click.option("--route", "names", metavar="PROVIDER", multiple=True, help="Repeatable.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@inbox
@options.project
@options.as_json
@options.lang
def command(
    names: tuple[str, ...],
    host: str,
    port: int,
    inbox: str | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Take deliveries in: verify, store, answer; until Ctrl-C.

    Without --route, the webhooks of the tasks in integrations/ are served, else those of every
    provider whose secret is in the environment. What is taken in waits for `noctule webhooks work`
    or for your application. /healthz and /metrics (Prometheus) are served beside them.
    """
    import logging

    from noctule.stages.webhooks.routes import routes_of
    from noctule.webhooks.receiving.server import run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    output = Output(lang or "en", as_json=as_json)
    routes = routes_of(folder, names)
    check_address(host, port)
    with trouble():
        site = _site(routes, inbox)
        run(_run(output, site, routes, host, port))
    output.say("webhooks.stopped")
    return int(Exit.DONE)


def _site(routes: list[Route], place: str | None) -> Site:
    from noctule.webhooks import Inbox, Receiver
    from noctule.webhooks.receiving.router import Site

    inbox = Inbox(place)
    receivers = {
        route.path: Receiver(
            route.provider, secrets=route.secrets, url=route.url, inbox=inbox, work=False
        )
        for route in routes
    }
    return Site(receivers, inbox)


async def _run(output: Output, site: Site, routes: list[Route], host: str, port: int) -> None:
    from noctule.webhooks.receiving.server import serve

    async with site.lifespan():
        for route in routes:
            url = f"http://{host}:{port}{route.path}"
            output.say("webhooks.serving", url=url, provider=route.provider, origin=route.origin)
        output.json(
            {
                "address": f"http://{host}:{port}",
                "routes": [{"provider": r.provider, "path": r.path} for r in routes],
            }
        )
        await serve(site, host, port)


def check_address(host: str, port: int) -> None:
    """Before anything is opened, and in words; the server would say it with a traceback.
    Raises Problem."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Problem(
            "webhooks.address",
            exit=Exit.OUTSIDE,
            place=f"{host}:{port}",
            cause=error.strerror or str(error),
        ) from error
