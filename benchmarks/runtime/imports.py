"""Time and memory of importing a wrapper with its transport, beside `import stripe`.

A fresh interpreter each time, interleaved; the least of each, less that of an empty one. The
wrappers of Stripe are generated from its whole document, where that is at hand: one of two
operations, and one of the whole API of which one resource is used.

Takes half a minute. Needs the group `bench` for the SDKs, and Stripe's document for the generated
wrappers; what is missing is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.codegen.generate import generate
from benchmarks.shared import SPECS, Table, parser, report

if TYPE_CHECKING:
    from collections.abc import Sequence

WRAPPER = """
from noctule.runtime import Bearer, Model, Operation, {kind}, ServiceConfig, env
import os
os.environ["SHOP_KEY"] = "k" * 20
class Item(Model):
    id: str
class Shop({kind}):
    config = ServiceConfig(name="shop", base_url="https://x.example", auth=Bearer(env("SHOP_KEY")))
shop = Shop()
"""
DOCUMENT = SPECS / "stripe.json"
GENERATED = """
import os, sys
sys.path.insert(0, {folder!r})
os.environ |= dict(STRIPE_SECRET_KEY="sk_test_" + "k" * 24, STRIPE_PUBLISHABLE_KEY="pk_test_kkkkkk")
from app.services.stripe_service import StripeService
service = StripeService()
import asyncio
"""
TWO = ["POST /v1/payment_intents", "POST /v1/refunds"]
SUBJECTS = {
    "(nothing)": "",
    "noctule.runtime alone": "import noctule.runtime",
    "noctule, sync wrapper made": WRAPPER.format(kind="SyncService"),
    "noctule, async wrapper made": WRAPPER.format(kind="Service") + "import asyncio",
    "stripe": "import stripe",
    "stripe, client made": "import stripe; stripe.StripeClient('k').v1.payment_intents",
    "httpx2, client made": "import httpx2; httpx2.Client()",
    "openai": "import openai",
}
AROUND = """
import time
start = time.perf_counter()
{code}
took = time.perf_counter() - start
# Not getrusage: a child's ru_maxrss begins with its parent's.
status = open("/proc/self/status").read()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print([took * 1000, peak])
"""


def once(code: str) -> list[float] | None:
    command = [sys.executable, "-c", AROUND.format(code=code)]
    # Whoever sets this would have the wrapper compiled anew each time, and no peer.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return json.loads(process.stdout) if process.returncode == 0 else None


def generated(folder: str, *operations: str) -> str:
    generate(str(DOCUMENT), Path(folder), operations)
    return GENERATED.format(folder=folder)


def measured(subjects: dict[str, str], rounds: int) -> dict[str, tuple[float, float]]:
    results_of: dict[str, list[list[float]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, code in subjects.items():
            if (result := once(code)) is not None:
                results_of[name].append(result)
    base = [min(column) for column in zip(*results_of.pop("(nothing)"), strict=True)]
    figures = {}
    for name, results in results_of.items():
        if results:
            ms, mb = (min(column) for column in zip(*results, strict=True))
            figures[name] = ms - base[0], mb - base[1]
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("runtime.imports", __doc__)
    command_line.add_argument("--rounds", type=int, default=9)
    options = command_line.parse_args(arguments)
    with TemporaryDirectory() as two, TemporaryDirectory() as whole:
        subjects = dict(SUBJECTS)
        if DOCUMENT.exists():
            subjects["noctule, generated: two operations of Stripe"] = generated(two, *TWO)
            code = generated(whole) + "service.payment_intents"
            subjects["noctule, generated: Stripe, one resource of all"] = code
        figures = measured(subjects, options.rounds)
    rows = [(name, round(ms), round(mb, 1)) for name, (ms, mb) in figures.items()]
    report(options, Table("Import, in a fresh interpreter", ("", "ms", "MB"), rows))
    return 0
