"""`noctule webhooks enrol`: take the secret that a provider sends itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import trouble
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.routes import Route
    from noctule.webhooks.errors import Reason
    from noctule.webhooks.receiving.secret_capture import Enroller

INTERRUPTED = 130
TOLD = 20
"""Refused messages that are told: whoever knows the address could send any number."""


@click.command("enrol", short_help="Wait for the secret that a provider sends itself.")
@click.argument("provider")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 60, min_open=True),
    default=10.0,
    show_default=True,
    help="How long to wait.",
)
@click.option(
    "--file",
    "place",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the secret goes; .noctule/secrets/NAME by default.",
)
@click.option("--replace", is_flag=True, help="Replace an earlier secret in that file.")
@options.project
@options.as_json
@options.lang
def command(
    provider: str,
    host: str,
    port: int,
    minutes: float,
    place: Path | None,
    replace: bool,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Wait for the secret that PROVIDER sends itself (Notion, Asana), and keep it in a file.

    It listens where the webhook will be, takes the one message that brings a secret, and ends.
    The first such message counts, so open this only while you subscribe. Nothing else is answered,
    and the secret is never shown.
    """
    from noctule.cli.webhooks.serve import check_address
    from noctule.stages.webhooks.routes import own_route
    from noctule.webhooks.receiving.server import run

    output = Output(lang or "en", as_json=as_json)
    route = own_route(provider, folder)
    name = route.secrets[0]
    file = place or folder / ".noctule" / "secrets" / name
    if file.exists() and not replace:
        raise Problem("webhooks.enrolled_already", exit=Exit.USAGE, place=str(file))
    check_address(host, port)
    with trouble():
        enroller = _enroller(output, route, file)
        url = f"http://{host}:{port}{route.path}"
        output.say("webhooks.enrolling", provider=route.provider, url=url, minutes=f"{minutes:g}")
        waited = Waiting(enroller, minutes * 60)
        run(waited.serve(host, port))
    if enroller.failure is not None:
        cause = enroller.failure.strerror or str(enroller.failure)
        raise Problem("webhooks.enrol_unkept", exit=Exit.OUTSIDE, place=str(file), cause=cause)
    if not enroller.taken and waited.too_long:
        raise Problem("webhooks.enrol_nothing", exit=Exit.OUTSIDE, place=url)
    if not enroller.taken:
        output.say("webhooks.enrol_stopped")
        return INTERRUPTED
    output.say(
        "webhooks.enrolled", provider=route.provider, variable=f"{name}_FILE", file=str(file)
    )
    output.json({"provider": route.provider, "variable": f"{name}_FILE", "file": str(file)})
    return int(Exit.DONE)


def _enroller(output: Output, route: Route, file: Path) -> Enroller:
    from noctule.webhooks.receiving.secret_capture import Enroller, write_secret
    from noctule.webhooks.schemes.registry import scheme_of
    from noctule.webhooks.verification.keyring import configured

    told = 0

    def refused(reason: Reason) -> None:
        nonlocal told
        told += 1
        if told <= TOLD:
            output.say("webhooks.enrol_refused", reason=reason)

    scheme = configured(scheme_of(route.provider))
    return Enroller(scheme, route.path, lambda secret: write_secret(file, secret), refused)


class Waiting:
    """A server that ends with the enrolment, or after some seconds without one."""

    def __init__(self, enroller: Enroller, seconds: float) -> None:
        self._enroller = enroller
        self._seconds = seconds
        self.too_long = False

    async def serve(self, host: str, port: int) -> None:
        from noctule.webhooks.receiving.server import serve

        await serve(self._enroller, host, port, until=self._done())

    async def _done(self) -> None:
        import asyncio

        try:
            async with asyncio.timeout(self._seconds):
                await self._enroller.done.wait()
        except TimeoutError:
            self.too_long = True
