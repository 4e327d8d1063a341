"""Each planned method through each scenario: the rows about calls."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.proving.driver_process import Hung
from noctule.proving.matrix import MatrixRow, Observed
from noctule.proving.promises import CallEvidence
from noctule.proving.report import CallOutcome, CallReport
from noctule.proving.scenarios import CARD, Scenario
from noctule.sandbox.checks.address import ADDRESSED
from noctule.sandbox.state.pages import PAGES

if TYPE_CHECKING:
    from noctule.proving.credentials import Credentials
    from noctule.proving.driver_process import DriverProcess
    from noctule.proving.proven_method import ProvenMethod
    from noctule.sandbox import FakeProvider, Fault

SLOWER = 5.0
"""A row with a broken promise is run again on a clock this many times slower, and only the second
run counts: a busy machine must not make a wrapper look broken."""
OVERHEAD = 2.0
"""Real seconds added to every limit, for the processes' own work."""


class CallTrials:
    """Runs scenarios against one fake provider through one driver."""

    def __init__(
        self,
        driver: DriverProcess,
        module: str,
        fake: FakeProvider,
        credentials: Credentials,
        *,
        speed: float,
    ) -> None:
        self._driver = driver
        self._module = module
        self._fake = fake
        self._credentials = credentials
        self._speed = speed
        self._accepted = "*/*"
        """The header Accept of the method that is warm."""

    async def warm_up(self, method: ProvenMethod) -> None:
        """One call that is not judged, because the first call imports and compiles."""
        await self._run(method, Scenario(id="none", promises=()), self._speed / SLOWER)
        requests = self._fake.ledger.requests(method.operation)
        self._accepted = requests[-1].headers.get("accept", "*/*") if requests else "*/*"

    def applies(self, method: ProvenMethod, scenario: Scenario) -> bool:
        """Whether there is a row for the method, once it is warm: the fake provider may have no
        other answer that the wrapper accepts."""
        if scenario.pages is not None:
            return bool(method.pages) and self._fake.has_pages(method.operation)
        return scenario.applies(method) and (
            scenario.serves is None
            or bool(self._fake.answers(method.operation, scenario.serves, accept=self._accepted))
        )

    async def row(self, method: ProvenMethod, scenario: Scenario) -> MatrixRow:
        speed = min(self._speed, scenario.fastest)
        row = await self._run(method, scenario, speed)
        if row.held or row.observed.kind == "hung":
            return row
        return await self._run(method, scenario, speed / SLOWER)

    async def _run(self, method: ProvenMethod, scenario: Scenario, speed: float) -> MatrixRow:
        await self._fake.renew()
        self._fake.ensure(method.operation, method.path)
        times = scenario.calls
        if scenario.serves is not None:
            answers = self._fake.answers(method.operation, scenario.serves, accept=self._accepted)
            self._fake.serve(answers)
            times = len(answers)
        if scenario.pages is not None:
            self._fake.serve_pages(method.operation, scenario.pages)
        await self._fake.inject(*self._faults(method, scenario, speed))
        before = len(self._driver.output())
        evidence = CallEvidence(
            method=method,
            report=await self._call(method, scenario, speed, times),
            ledger=self._fake.ledger,
            speed=speed,
            leaked=self._credentials.seen_in(self._driver.output()[before:]),
            asked_wait=scenario.asked_wait,
            pages=PAGES + 1 if scenario.pages else 1,
        )
        checks = tuple(check for promise in scenario.promises if (check := promise(evidence)))
        return MatrixRow(scenario.id, method.name, _observed(evidence), checks)

    async def _call(
        self, method: ProvenMethod, scenario: Scenario, speed: float, times: int
    ) -> CallReport:
        bound = 2 * method.limits.deadline / speed + OVERHEAD
        command: dict[str, Any] = {
            "do": "call",
            "module": self._module,
            "method": method.pages if scenario.pages else method.name,
            "iterates": scenario.pages is not None,
            "arguments": method.everything if scenario.every_argument else method.arguments,
            "binary": method.binary,
            "base_url": self._fake.base_url,
            "host_header": ADDRESSED,
            "speed": speed,
            "limit": bound,
            "times": times,
        }
        try:
            report = await self._driver.ask(command, limit=bound * times + OVERHEAD)
        except Hung:
            return CallReport(outcomes=(CallOutcome(kind="hung", type=""),), waits=())
        return msgspec.convert(report, CallReport)

    def _faults(self, method: ProvenMethod, scenario: Scenario, speed: float) -> list[Fault]:
        """The faults of the scenario, limited to this method: the token endpoint keeps working."""
        code = scenario.code(method.failure) if method.failure is not None else ""
        faults = [
            replace(
                fault,
                operation=method.operation,
                code=code,
                lasts=None if fault.lasts is None else fault.lasts / speed,
            )
            for fault in scenario.faults
        ]
        if not scenario.quotes_secrets:
            return faults
        body = json.dumps({"error": {"message": self._quotation()}})
        return [replace(fault, body=body) for fault in faults]

    def _quotation(self) -> str:
        return f"invalid credentials {' '.join(self._credentials.secret.values())}; card {CARD}"


def _observed(evidence: CallEvidence) -> Observed:
    return Observed(
        outcome=evidence.outcome.type,
        kind=evidence.outcome.kind,
        requests=evidence.requests,
        effects=evidence.effects,
        waits=evidence.report.waits,
        seconds=evidence.outcome.seconds,
    )
