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
from noctule.proving.deliveries import DeliveryTrials, ReceiverRoute
from noctule.proving.driver_process import DriverProcess
from noctule.proving.matrix import Matrix, MatrixRow
from noctule.proving.method_selection import name_of, proven_methods, representatives
from noctule.proving.scenarios import FIRST_SET as CALLS
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
    from noctule.proving.proven_method import ProvenMethod

SPEED = 50.0
"""How much faster the wrapper's clock runs than the machine's: a timeout of 10 s takes 0.2 s."""
HOST = "https://app.example.com"
"""Address of the user's application, for providers that sign the address."""


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
    on_row: Callable[[MatrixRow], None] | None = None,
) -> Matrix:
    """Run the methods and events of `task` through every fault, with `python` in `project`.

    Writes nothing to the project, sends nothing beyond this machine, and makes up credentials.
    `faults` names the rows to run ("timeout", "duplicate" …), all by default; `methods` names
    methods ("create", "customers.create") and events, all by default. With `few`, only the methods
    that the task names are called, and one of each other kind of call. `on_row` gets each row as
    it ends. Raises Problem when the user's code cannot be run, or for an unknown name.
    """
    ids = [*(scenario.id for scenario in CALLS), *(case.id for case in DELIVERIES)]
    for fault in faults:
        if fault not in ids:
            names = ", ".join(ids)
            raise Problem("proving.no_fault", exit=Exit.USAGE, place=fault, known=names)
    if not path_of(task, "wrapper") and not path_of(task, "webhook"):
        raise Problem("proving.nothing", exit=Exit.USAGE, place=task.service)
    proof = _Proof(
        task, document, pack, project, python, speed, seed, faults or ids, methods, few=few
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

    async def matrix(self, on_row: Callable[[MatrixRow], None] | None) -> Matrix:
        start = time.monotonic()
        rows: list[MatrixRow] = []
        async for row in self._rows():
            rows.append(row)
            if on_row is not None:
                on_row(row)
        return Matrix(tuple(rows), self.speed, time.monotonic() - start, self.left_out)

    async def _rows(self) -> AsyncIterator[MatrixRow]:
        language = target_of(self.task.target).language
        integration = build(self.task, self.document, self.pack, language.naming)
        webhooks = integration.webhooks
        events = (webhook.event for webhook in self.task.webhooks)
        check_names(self.methods, [*map(name_of, integration.wrapper.methods), *events])
        url = f"{HOST}{webhooks.endpoint}" if webhooks is not None else HOST
        scheme = _scheme(webhooks.scheme) if webhooks is not None and webhooks.scheme else None
        signers = webhooks.secrets if webhooks is not None else ()
        credentials = throwaway(
            self.task,
            self.pack,
            scheme,
            signers=signers,
            webhook_url=url,
            addresses={part.variable: part.example for part in integration.wrapper.address_parts},
        )
        async with DriverProcess(
            language.driver, self.python, self.project, credentials.variables
        ) as driver:
            async for row in self._calls(driver, integration.wrapper, credentials):
                yield row
            if scheme is not None:
                route = ReceiverRoute(module=path_of(self.task, "webhook"), url=url, scheme=scheme)
                async for row in self._deliveries(driver, route, credentials):
                    yield row

    async def _calls(
        self, driver: DriverProcess, wrapper: Wrapper, credentials: Credentials
    ) -> AsyncIterator[MatrixRow]:
        module = path_of(self.task, "wrapper")
        scenarios = [scenario for scenario in CALLS if scenario.id in self.faults]
        if not scenarios or not module:
            return
        methods = self._selected(
            proven_methods(self.task, self.document, wrapper, credentials.variables)
        )
        fake_provider = FakeProvider(
            self.document,
            pack=self.pack,
            failure=wrapper.failure,
            seed=self.seed,
            logins=credentials.logins(self.task),
        )
        async with fake_provider as fake:
            trials = CallTrials(driver, module, fake, credentials, speed=self.speed)
            for method in methods:
                await trials.warm_up(method)
                for scenario in scenarios:
                    if trials.applies(method, scenario):
                        yield await trials.row(method, scenario)

    def _selected(self, methods: list[ProvenMethod]) -> list[ProvenMethod]:
        if not self.few or self.methods:
            return [method for method in methods if self._is_selected(method.name)]
        operations = (self.document.find(method.operation) for method in self.task.methods)
        selected = representatives(
            methods, {operation.key for operation in operations if operation}
        )
        names = {method.name for method in selected}
        self.left_out = tuple(method.name for method in methods if method.name not in names)
        return selected

    def _is_selected(self, name: str) -> bool:
        return not self.methods or any(matches_name(name, short) for short in self.methods)

    async def _deliveries(
        self, driver: DriverProcess, route: ReceiverRoute, credentials: Credentials
    ) -> AsyncIterator[MatrixRow]:
        trials = DeliveryTrials(driver, route, self.document, self.pack, credentials)
        for webhook in self.task.webhooks:
            if not self._is_selected(webhook.event):
                continue
            for case in trials.cases():
                if case.id in self.faults:
                    yield await trials.row(webhook.event, case)


def matches_name(method: str, name: str) -> bool:
    """Whether `name` is the method's or event's whole name, or the part after its last dot."""
    return name in (method, method.rpartition(".")[2])


def check_names(names: Collection[str], known: Sequence[str]) -> None:
    """Raise Problem for a name that is none of the known ones, with the nearest of those."""
    for name in names:
        if not any(matches_name(method, name) for method in known):
            near = nearest(name, known, least=0)
            raise Problem("proving.no_name", exit=Exit.USAGE, place=name, near=near)


def _scheme(name: str) -> Scheme:
    try:
        return scheme_of(name)
    except (LookupError, WebhookError) as error:
        raise Problem(
            "proving.no_scheme", exit=Exit.REFUSED, place=name, cause=str(error)
        ) from error
