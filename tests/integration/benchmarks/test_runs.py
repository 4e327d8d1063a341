"""Benchmarks still run: each for a moment, since a renamed part of noctule breaks them unseen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.runtime import outage
from support.paths import ROOT


@pytest.mark.parametrize(
    "command",
    [
        "runtime.overhead --rounds 1",
        "webhooks.verifying --rounds 1",
        "webhooks.million --events 200 --rounds 1",
        "webhooks.replaying --events 200 --kills 0",
    ],
)
def test_a_benchmark_prints_its_table(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\n## " in done.stdout
    assert "\n| --- |" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", outage.KINDS)
def test_the_simulated_outage_spares_the_provider(kind: str) -> None:
    seconds = outage.Simulation(outage.ALL, kind, up=outage.DOWN + 30, callers=100).run()
    bare = outage.Simulation(outage.BARE, kind, up=outage.DOWN + 30, callers=100).run()
    assert seconds.load() < 0.5 * bare.load()
    assert seconds.failed_during() > 0.9
    assert seconds.recovered() < 10
