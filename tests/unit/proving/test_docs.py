"""docs/proving.md: its faults, deliveries, promises and figures are those of the prover."""

from __future__ import annotations

import re

from noctule.messages import catalog, say
from noctule.proving import calls, promises, proof, proven_method, scenarios
from noctule.proving.deliveries import FIRST_SET as DELIVERIES
from noctule.proving.scenarios import EVERY_CALL
from noctule.proving.scenarios import FIRST_SET as CALLS
from noctule.sandbox import finding
from noctule.sandbox.events import LATE
from support.paths import DOCS

TEXT = (DOCS / "proving.md").read_text(encoding="utf-8")

READS = "reads with such an answer"
APPLIES = {"redirect": READS, "not_modified": READS}


def rows(heading: str) -> list[list[str]]:
    """The cells of the one table below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def messages(kind: str) -> list[str]:
    return [key.removeprefix(kind) for key in catalog("proving") if key.startswith(kind)]


def test_every_fault_of_a_call_is_described_with_its_promises() -> None:
    told = [(names(row[0]), row[1], row[3], names(row[4])) for row in rows("Faults of calls")]
    assert told == [
        (
            [scenario.id],
            say("en", f"proving.fault_{scenario.id}"),
            APPLIES.get(scenario.serves or "", "with such an answer")
            if scenario.serves
            else "lists in pages"
            if scenario.pages
            else scenario.only or "all",
            [
                promise.__name__.removesuffix("_lost_answer")
                for promise in scenario.promises
                if promise not in EVERY_CALL
            ],
        )
        for scenario in CALLS
    ]
    for scenario in CALLS:
        assert set(EVERY_CALL) <= set(scenario.promises)


def test_every_way_of_delivery_is_described_with_its_promises() -> None:
    told = [(names(row[0]), row[1], names(row[3])) for row in rows("Webhook deliveries")]
    assert told == [
        (
            [visit.id],
            say("en", f"proving.fault_{visit.id}"),
            ["accepted", "handled_once"] if visit.accepted else ["refused_401", "not_handled"],
        )
        for visit in DELIVERIES
    ]


def test_every_promise_is_described_and_every_name_is_of_the_prover() -> None:
    told = [(names(row[0])[0], row[1]) for row in rows("The promises")]
    assert sorted(told) == sorted(
        (name, say("en", f"proving.promise_{name}")) for name in messages("promise_")
    )
    assert messages("fault_") == [each.id for each in (*CALLS, *DELIVERIES)]


def test_the_figures_are_those_of_the_prover() -> None:
    plan = proven_method.CallLimits()
    (fastest,) = {scenario.fastest for scenario in CALLS if scenario.asked_wait}
    for figure in (
        f"asks for {scenarios.ASKED_WAIT} s",
        f"{scenarios.STORM} calls in a row",
        f"signed {LATE:.0f} s longer ago",
        f"its deadline ({plan.deadline:.0f} s)",
        f"times {promises.SLACK} and plus {promises.GRACE:.0f} s",
        f"({plan.attempts} by default)",
        f"runs {proof.SPEED:.0f} times faster",
        f"({fastest:.0f} times at most",
    ):
        assert figure in TEXT, figure
    assert calls.SLOWER == 5.0  # "five times slower"


def test_every_finding_is_described() -> None:
    told = [name for row in rows("The judge") for name in names(row[0])]
    assert sorted(told) == sorted(finding.KINDS)
    statuses = {name: row[1] for row in rows("The judge") for name in names(row[0])}
    for kind in finding.KINDS:
        found = finding.RequestFinding(kind, "GET /", "x", "y", "#/")
        assert statuses[kind] in ("–", str(found.status))
        assert found.text("fr") != found.text("en") != ""
