"""Stage `prove`: the user's generated code against a provider that fails."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.codegen import target_of
from noctule.codegen.build.build import build, path_of
from noctule.problem import Exit, Problem
from noctule.proving.calls import CallTrials
from noctule.proving.credentials import Credentials, throwaway
from noctule.proving.deliveries import FIRST_SET as DELIVERIES
from noctule.proving.deliveries import DeliveryTrials, Route
from noctule.proving.driver_process import Link
from noctule.proving.matrix import Matrix, Row
from noctule.proving.scenarios import FIRST_SET as CALLS
from noctule.proving.subjects import few_of, name_of, subjects
from noctule.sandbox import FakeProvider
from noctule.text import nearest
from noctule.webhooks import Scheme, WebhookError, scheme_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from pathlib import Path

    from noctule.apidoc import ApiDocument
    from noctule.codegen.model.integration import Wrapper
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack
    from noctule.proving.subject import Subject

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
    faults: Collection[str] = (),
    methods: Collection[str] = (),
    few: bool = False,
    on_row: Callable[[Row], None] | None = None,
) -> Matrix:
    """Run what `task` planned through every fault, in a process of `python` in `project`.

    Nothing is written to the project, nothing leaves the machine, and credentials are made up.
    `faults` names the rows to run ("timeout", "duplicate" …), all of them by default; `methods`
    names methods ("create", "customers.create") and events, all of them by default. With `few`
    only the methods that the task names are called, and one of each kind of call beside them.
    `on_row` is told of each row as it ends. Raises Problem when the user's code cannot be run, or
    for a name that nothing has.
    """
    known = [*(scenario.id for scenario in CALLS), *(visit.id for visit in DELIVERIES)]
    for fault in faults:
        if fault not in known:
            names = ", ".join(known)
            raise Problem("proving.no_fault", exit=Exit.USAGE, place=fault, known=names)
    if not path_of(task, "wrapper") and not path_of(task, "webhook"):
        raise Problem("proving.nothing", exit=Exit.USAGE, place=task.service)
    proof = _Proof(
        task, document, pack, project, python, speed, seed, faults or known, methods, few=few
    )
    return asyncio.run(proof.matrix(on_row))


@dataclass(slots=True)
class _Proof:
    task: IntegrationTask
    document: ApiDocument
    pack: Pack | None
    project: Path
    python: Path
    speed: float
    seed: int
    faults: Collection[str]
    methods: Collection[str]
    few: bool
    left_out: tuple[str, ...] = ()

    async def matrix(self, on_row: Callable[[Row], None] | None) -> Matrix:
        begun = time.monotonic()
        rows: list[Row] = []
        async for row in self._rows():
            rows.append(row)
            if on_row is not None:
                on_row(row)
        return Matrix(tuple(rows), self.speed, time.monotonic() - begun, self.left_out)

    async def _rows(self) -> AsyncIterator[Row]:
        language = target_of(self.task.target).language
        made = build(self.task, self.document, self.pack, language.naming)
        webhooks = made.webhooks
        events = (webhook.event for webhook in self.task.webhooks)
        check_names(self.methods, [*map(name_of, made.wrapper.methods), *events])
        url = f"{HOST}{webhooks.endpoint}" if webhooks is not None else HOST
        scheme = _scheme(webhooks.scheme) if webhooks is not None else None
        signers = webhooks.secrets if webhooks is not None else ()
        credentials = throwaway(self.task, self.pack, scheme, signers=signers, webhook_url=url)
        async with Link(language.driver, self.python, self.project, credentials.variables) as link:
            async for row in self._calls(link, made.wrapper, credentials):
                yield row
            if scheme is not None:
                route = Route(module=path_of(self.task, "webhook"), url=url, scheme=scheme)
                async for row in self._deliveries(link, route, credentials):
                    yield row

    async def _calls(
        self, link: Link, wrapper: Wrapper, credentials: Credentials
    ) -> AsyncIterator[Row]:
        module = path_of(self.task, "wrapper")
        chosen = [scenario for scenario in CALLS if scenario.id in self.faults]
        if not chosen or not module:
            return
        planned = self._chosen(
            subjects(self.task, self.document, wrapper, credentials.variables, self.pack)
        )
        async with FakeProvider(self.document, pack=self.pack, seed=self.seed) as fake:
            trials = CallTrials(link, module, fake, credentials, speed=self.speed)
            for subject in planned:
                await trials.warm_up(subject)
                for scenario in chosen:
                    if scenario.applies(subject):
                        yield await trials.row(subject, scenario)

    def _chosen(self, planned: list[Subject]) -> list[Subject]:
        chosen = [subject for subject in planned if self._means(subject.method)]
        if self.few and not self.methods:
            found = (self.document.find(method.operation) for method in self.task.methods)
            chosen = few_of(planned, {operation.key for operation in found if operation})
            called = {subject.method for subject in chosen}
            self.left_out = tuple(s.method for s in planned if s.method not in called)
        return chosen

    def _means(self, name: str) -> bool:
        return not self.methods or any(goes_by(name, said) for said in self.methods)

    async def _deliveries(
        self, link: Link, route: Route, credentials: Credentials
    ) -> AsyncIterator[Row]:
        trials = DeliveryTrials(link, route, self.document, self.pack, credentials)
        for webhook in self.task.webhooks:
            if not self._means(webhook.event):
                continue
            for visit in trials.visits():
                if visit.id in self.faults:
                    yield await trials.row(webhook.event, visit)


def goes_by(method: str, name: str) -> bool:
    """Whether a method or event is meant: by its whole name, or by what follows the last dot."""
    return name in (method, method.rpartition(".")[2])


def check_names(names: Collection[str], known: Sequence[str]) -> None:
    for name in names:
        if not any(goes_by(one, name) for one in known):
            near = nearest(name, known, least=0)
            raise Problem("proving.no_name", exit=Exit.USAGE, place=name, near=near)


def _scheme(name: str) -> Scheme:
    try:
        return scheme_of(name)
    except (LookupError, WebhookError) as error:
        raise Problem(
            "proving.no_scheme", exit=Exit.REFUSED, place=name, cause=str(error)
        ) from error
