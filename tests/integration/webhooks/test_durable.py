"""What the inbox promises when processes, disks and threads get in each other's way.

The proofs are programs of benchmarks/webhooks; here they run for a few rounds each.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.paths import ROOT
from support.postgres import server_programs

FIRST_USE = """
import sys, threading
from noctule.webhooks.testing import signed
from noctule.runtime.decoding.models import Model, decode
class Leaf(Model): a: int
class Tree(Model): left: Leaf; right: list[Leaf]
sys.setswitchinterval(1e-6)
together = threading.Barrier(24)
def use():
    together.wait()
    decode(Tree, b'{"left": {"a": 1}, "right": []}')
    signed("stripe", {"id": "evt_1"}, secret="whsec_1")
threads = [threading.Thread(target=use) for _ in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def prove(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *args]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_concurrent_first_use_of_types_does_not_crash():
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", FIRST_USE], check=False)
        assert done.returncode == 0


@pytest.mark.parametrize(
    "proof",
    [
        ("webhooks.killing", "--rounds", "3", "--engine", "sqlite", "--seed", "1"),
        ("webhooks.killing", "--rounds", "2", "--engine", "postgres", "--seed", "5"),
        ("webhooks.faults", "--rounds", "10"),
    ],
    ids=" ".join,
)
def test_nothing_acknowledged_is_lost(proof):
    if "postgres" in proof:
        server_programs()
    done = prove(*proof)
    assert done.returncode == 0, done.stdout + done.stderr
