"""Stage `prove`: the user's generated code against a provider that fails."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.problem import Exit, Problem
from noctule.proving.calls import CallTrials
from noctule.proving.credentials import Credentials, throwaway
from noctule.proving.deliveries import DeliveryTrials, Route
from noctule.proving.link import Link
from noctule.proving.matrix import Matrix, Row
from noctule.proving.scenarios import FIRST_SET
from noctule.proving.subjects import subjects
from noctule.sandbox import FakeProvider
from noctule.webhooks import Scheme, WebhookError, scheme_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

SPEED = 50.0
"""How much faster than the machine's the wrapper's clock runs: 10 s of patience pass in 0.2 s."""
HOST = "https://app.example.com"
"""Where the user's application would stand; the provider signs this address where it signs one."""


def prove(
    task: IntegrationTask,
    document: ApiDocument,
    pack: Pack | None,
    project: Path,
    *,
    python: Path,
    speed: float = SPEED,
    seed: int = 0,
    on_row: Callable[[Row], None] | None = None,
) -> Matrix:
    """Run what `task` planned through every fault, in a process of `python` in `project`.

    Nothing is written to the project, nothing leaves the machine, and credentials are made up.
    `on_row` is told of each row as it ends. Raises Problem when the user's code cannot be run.
    """
    proof = _Proof(task, document, pack, project, python, speed, seed)
    return asyncio.run(proof.matrix(on_row))


@dataclass(frozen=True, slots=True)
class _Proof:
    task: IntegrationTask
    document: ApiDocument
    pack: Pack | None
    project: Path
    python: Path
    speed: float
    seed: int

    async def matrix(self, on_row: Callable[[Row], None] | None) -> Matrix:
        begun = time.monotonic()
        rows: list[Row] = []
        async for row in self._rows():
            rows.append(row)
            if on_row is not None:
                on_row(row)
        return Matrix(tuple(rows), self.speed, time.monotonic() - begun)

    async def _rows(self) -> AsyncIterator[Row]:
        wrapper = self._file("wrapper") if self.task.methods else ""
        handler, scheme = self._file("webhook"), self._scheme()
        if not wrapper and not handler:
            raise Problem("proving.nothing", exit=Exit.USAGE, place=self.task.service)
        credentials = throwaway(self.task, self.pack, scheme, webhook_url=self._url())
        async with Link(self.python, self.project, credentials.variables) as link:
            if wrapper:
                async for row in self._calls(link, wrapper, credentials):
                    yield row
            if handler and scheme is not None:
                route = Route(module=handler, url=self._url(), scheme=scheme)
                async for row in self._deliveries(link, route, credentials):
                    yield row

    async def _calls(
        self, link: Link, wrapper: str, credentials: Credentials
    ) -> AsyncIterator[Row]:
        planned = subjects(self.task, self.document, self.pack, credentials.variables)
        async with FakeProvider(self.document, pack=self.pack, seed=self.seed) as fake:
            trials = CallTrials(link, wrapper, fake, credentials, speed=self.speed)
            for subject in planned:
                await trials.warm_up(subject)
                for scenario in FIRST_SET:
                    if subject.writes or not scenario.writes_only:
                        yield await trials.row(subject, scenario)

    async def _deliveries(
        self, link: Link, route: Route, credentials: Credentials
    ) -> AsyncIterator[Row]:
        trials = DeliveryTrials(link, route, self.document, self.pack, credentials)
        for webhook in self.task.webhooks:
            for visit in trials.visits():
                yield await trials.row(webhook.event, visit)

    def _file(self, role: str) -> str:
        return next((file.path for file in self.task.files if file.role == role), "")

    def _scheme(self) -> Scheme | None:
        """The scheme that the task names; None when no event is planned."""
        named = [webhook.signature for webhook in self.task.webhooks if webhook.signature]
        if not named:
            return None
        try:
            return scheme_of(named[0])
        except (LookupError, WebhookError) as error:
            raise Problem(
                "proving.no_scheme", exit=Exit.REFUSED, place=named[0], cause=str(error)
            ) from error

    def _url(self) -> str:
        endpoints = [webhook.endpoint for webhook in self.task.webhooks]
        return f"{HOST}{endpoints[0]}" if endpoints else HOST
