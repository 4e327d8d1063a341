"""Each planned method through each scenario: the rows about calls."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.proving.driver_process import Hung
from noctule.proving.matrix import Did, Row
from noctule.proving.promises import Sight
from noctule.proving.report import Called, Outcome
from noctule.proving.scenarios import CARD, Scenario

if TYPE_CHECKING:
    from noctule.proving.credentials import Credentials
    from noctule.proving.driver_process import Link
    from noctule.proving.subject import Subject
    from noctule.sandbox import FakeProvider, Fault

SLOWER = 5.0
"""A row that breaks is run again on a clock this many times slower: only what breaks on both is
broken, so that a busy machine is not taken for a careless wrapper."""
SECOND_THOUGHT = 2.0
"""Real seconds on top of every bound, for the processes' own work."""


class CallTrials:
    """Runs scenarios against one fake through one driver."""

    def __init__(
        self,
        link: Link,
        module: str,
        fake: FakeProvider,
        credentials: Credentials,
        *,
        speed: float,
    ) -> None:
        self._link = link
        self._module = module
        self._fake = fake
        self._credentials = credentials
        self._speed = speed

    async def warm_up(self, subject: Subject) -> None:
        """One call that is not judged: what is imported and compiled at the first call is then
        not taken for the provider's slowness."""
        await self._run(subject, Scenario(id="none", promises=()), self._speed / SLOWER)

    async def row(self, subject: Subject, scenario: Scenario) -> Row:
        speed = min(self._speed, scenario.fastest)
        row = await self._run(subject, scenario, speed)
        if row.held or row.did.kind == "hung":
            return row
        return await self._run(subject, scenario, speed / SLOWER)

    async def _run(self, subject: Subject, scenario: Scenario, speed: float) -> Row:
        await self._fake.renew()
        self._fake.ensure(subject.operation, subject.path)
        await self._fake.inject(*self._faults(subject, scenario))
        before = len(self._link.output())
        sight = Sight(
            subject=subject,
            called=await self._call(subject, scenario, speed),
            ledger=self._fake.ledger,
            speed=speed,
            leaked=self._credentials.seen_in(self._link.output()[before:]),
            asked_wait=scenario.asked_wait,
        )
        checks = tuple(check for promise in scenario.promises if (check := promise(sight)))
        return Row(scenario.id, subject.method, _did(sight), checks)

    async def _call(self, subject: Subject, scenario: Scenario, speed: float) -> Called:
        bound = 2 * subject.plan.deadline / speed + SECOND_THOUGHT
        command: dict[str, Any] = {
            "do": "call",
            "module": self._module,
            "method": subject.method,
            "arguments": subject.arguments,
            "binary": subject.binary,
            "base_url": self._fake.base_url,
            "speed": speed,
            "limit": bound,
            "times": scenario.calls,
        }
        try:
            answer = await self._link.ask(command, limit=bound * scenario.calls + SECOND_THOUGHT)
        except Hung:
            return Called(outcomes=(Outcome(kind="hung", type=""),), waits=())
        return msgspec.convert(answer, Called)

    def _faults(self, subject: Subject, scenario: Scenario) -> list[Fault]:
        """The scenario's, on this method alone: a token endpoint stays well."""
        code = scenario.code(subject.failure) if subject.failure is not None else ""
        said = [replace(fault, operation=subject.operation, code=code) for fault in scenario.faults]
        if not scenario.quotes_secrets:
            return said
        quoted = json.dumps({"error": {"message": self._quotation()}})
        return [replace(fault, body=quoted) for fault in said]

    def _quotation(self) -> str:
        return f"invalid credentials {' '.join(self._credentials.secret.values())}; card {CARD}"


def _did(sight: Sight) -> Did:
    return Did(
        outcome=sight.outcome.type,
        kind=sight.outcome.kind,
        requests=sight.requests,
        effects=sight.effects,
        waits=sight.called.waits,
        seconds=sight.outcome.seconds,
    )
