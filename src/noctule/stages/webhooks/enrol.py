"""Receive the signing secret that a provider sends itself, and keep it in a file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.inbox import as_problem
from noctule.stages.webhooks.routes import own_route
from noctule.stages.webhooks.serve import check_address
from noctule.webhooks.private_file import write_private
from noctule.webhooks.receiving.secret_capture import SecretCapture
from noctule.webhooks.receiving.serving.server import Site, run, serve
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.verification.keyring import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.webhooks.errors import Reason

REPORTED = 20
"""Refused messages that are reported: whoever knows the address could send any number."""


@dataclass(frozen=True)
class Enrolment:
    """Where a provider's secret is expected, and where it will be kept."""

    provider: str
    path: str
    host: str
    port: int
    variable: str
    """What to set to `file` afterwards."""
    file: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}{self.path}"

    def as_json(self) -> dict[str, Any]:
        return {"provider": self.provider, "variable": self.variable, "file": str(self.file)}


def prepare_enrolment(
    folder: Path,
    provider: str,
    *,
    host: str,
    port: int,
    file: Path | None = None,
    replace: bool = False,
) -> Enrolment:
    """Check that the address is free and that `file` (`.noctule/secrets/NAME` by default) would
    not be overwritten, unless `replace`. Raises `Problem`."""
    route = own_route(provider, folder)
    name = route.secrets[0]
    destination = file or folder / ".noctule" / "secrets" / name
    if destination.exists() and not replace:
        raise Problem("webhooks.enrolled_already", exit=Exit.USAGE, place=str(destination))
    check_address(host, port)
    return Enrolment(route.provider, route.path, host, port, f"{name}_FILE", destination)


def wait_for_secret(
    enrolment: Enrolment,
    seconds: float,
    *,
    on_listening: Callable[[], None] = lambda: None,
    on_refused: Callable[[Reason], None] = lambda _: None,
) -> bool:
    """Listen until the provider has sent its secret, at most `seconds`.

    True once the secret is in the file, False if it was stopped by SIGINT or SIGTERM before.
    `on_listening` is called first, `on_refused` for the first messages that carry no secret.
    Raises `Problem` if the provider sends no secret at all (exit 3), if none came in time, or if it
    could not be written (exit 6).
    """
    with as_problem():
        refusals = _Refusals(on_refused)
        scheme = read_settings(scheme_of(enrolment.provider))
        capture = SecretCapture(
            scheme,
            enrolment.path,
            lambda secret: write_private(enrolment.file, secret),
            refusals.report,
        )
        on_listening()
        wait = _Wait(capture, seconds)
        run(wait.serve(enrolment.host, enrolment.port))
    if capture.failure is not None:
        cause = capture.failure.strerror or str(capture.failure)
        place = str(enrolment.file)
        raise Problem("webhooks.enrol_unkept", exit=Exit.OUTSIDE, place=place, cause=cause)
    if not capture.captured and wait.timed_out:
        raise Problem("webhooks.enrol_nothing", exit=Exit.OUTSIDE, place=enrolment.url)
    return capture.captured


@dataclass
class _Refusals:
    on_refused: Callable[[Reason], None]
    count: int = 0

    def report(self, reason: Reason) -> None:
        self.count += 1
        if self.count <= REPORTED:
            self.on_refused(reason)


@dataclass
class _Wait:
    """A server that ends with the enrolment, or after `seconds` without one."""

    capture: SecretCapture
    seconds: float
    timed_out: bool = False

    async def serve(self, host: str, port: int) -> None:
        await serve(Site(self.capture, host, port), until=self._done())

    async def _done(self) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                await self.capture.done.wait()
        except TimeoutError:
            self.timed_out = True
