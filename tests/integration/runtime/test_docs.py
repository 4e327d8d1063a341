"""docs/runtime.md runs: its example, its test, and the plugin that the test uses."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from noctule.runtime import (
    JSON,
    CallOptions,
    NoAuth,
    Operation,
    OutcomeUnknown,
    Service,
    ServiceConfig,
)
from noctule.runtime.call.config import Policies
from noctule.runtime.testing import MockProvider, VirtualClock
from support.paths import DOCS

if TYPE_CHECKING:
    from pathlib import Path

BUDGET = Policies().retry_budget
BREAKER = Policies().breaker
PAGE = (DOCS / "runtime.md").read_text()
EXAMPLE, PAYING, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RUN_IT = """
import asyncio, inspect

def test_it(noctule_provider, noctule_clock, noctule_no_secret_leak):
    asyncio.run(test_a_rate_survives_an_outage(noctule_provider, noctule_clock))
"""
LEAK = """
import logging

def test_leak(noctule_no_secret_leak):
    logging.getLogger("elsewhere").info("paid with 4242 4242 4242 4242")
"""


class Order(NamedTuple):
    amount: int


def run_pytest(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text.replace("async def test_a", "async def _test_a"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if "noctule" not in plugins():
        command += ["-p", "noctule.runtime.testing.plugin"]
    return subprocess.run(
        [*command, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "RATES_API_KEY": "rk_live_0123456789"},
        check=False,
    )


def plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {entry.name for entry in entry_points(group="pytest11")}


@pytest.mark.parametrize("honours_keys", [True, False])
def test_the_example_of_an_unknown_outcome_repeats_under_the_key(honours_keys: bool) -> None:
    names: dict[str, Any] = {}
    exec(PAYING, names)
    charge = Operation(
        "charge", "POST", "/v1/payment_intents", returns=JSON, body="form", retry="with_key"
    )

    class Stripe(Service):
        config = ServiceConfig(
            name="stripe",
            base_url="https://api.stripe.example",
            auth=NoAuth(),
            idempotency_header="Idempotency-Key" if honours_keys else "",
        )

        async def create_payment_intent(
            self, *, amount: int, currency: str, options: CallOptions | None = None
        ) -> Any:
            body = {"amount": amount, "currency": currency}
            return await self.call(charge, body=body, options=options)

    class Store:
        later: tuple[Any, ...] = ()

        async def repeat_later(self, *later: Any) -> None:
            self.later = later

    async def main() -> None:
        clock = VirtualClock()
        provider = MockProvider(clock=clock).fails("reset", times=4 if honours_keys else 1)
        provider.replies(json={"id": "pi_1"})
        stripe, store, order = Stripe(transport=provider, clock=clock), Store(), Order(700)
        if not honours_keys:
            with pytest.raises(OutcomeUnknown):
                await names["pay"](stripe, store, order)
            return
        assert await names["pay"](stripe, store, order) is None
        _, key, _ = store.later
        assert await names["repeat"](stripe, order, key) == {"id": "pi_1"}
        assert {request.headers["idempotency-key"] for request in provider.requests} == {key}

    asyncio.run(main())


def test_the_example_and_its_test_run(tmp_path: Path) -> None:
    text = EXAMPLE + TEST + RUN_IT.replace("(test_a", "(_test_a")
    process = run_pytest(tmp_path, text)
    assert "1 passed" in process.stdout, process.stdout + process.stderr


def test_the_leak_fixture_fails_a_test_that_leaks(tmp_path: Path) -> None:
    process = run_pytest(tmp_path, LEAK)
    assert process.returncode == 1
    assert "secrets in the log: elsewhere" in process.stdout
    assert "4242 4242" not in process.stdout.split("secrets in the log")[1].splitlines()[0]


@pytest.mark.parametrize(
    "statement",
    [
        f"{Policies().timeout:.0f} s per attempt",
        f"{Policies().connect_timeout:.0f} s each",
        f"{Policies().deadline:.0f} s for the whole call",
        "three retries, so four attempts",
        f"bucket of {BUDGET.capacity}",
        f"costs {BUDGET.transient_cost}, after a 429 {BUDGET.throttled_cost}",
        f"at least {BREAKER.minimum_calls} calls failed (the last {BREAKER.window_size},",
        f"stays open {BREAKER.open_seconds:.1f} s",
        f"doubling to {BREAKER.max_open_seconds:.0f} s",
        f"slower than {BREAKER.slow_call_seconds:.0f} s",
        f"{Policies().max_concurrency} calls per origin",
        f"{Policies().max_outage_wait:.0f} s: while an outage is younger than that",
        f"{BREAKER.max_waiting_calls:,} calls at most",
        f"one in {1 / BREAKER.waiting_trial_rate:.0f} earns a trial call",
        f"{Policies().max_response_bytes // 1024 // 1024} MiB",
    ],
)
def test_the_page_says_the_defaults_that_hold(statement: str) -> None:
    assert statement in PAGE
    assert Policies().retry.attempts == 4


FORGOTTEN = """
import pytest

@pytest.mark.parametrize("name", {names})
def test_forgotten(request, name):
    with pytest.raises(pytest.FixtureLookupError):
        request.getfixturevalue(name)
"""


def test_a_fixture_that_a_project_forgot_is_not_ours(tmp_path: Path) -> None:
    """All that the plugin adds to every test run of the machine begins with our name."""
    names = ["clock", "provider", "no_secret_leak", "leaks", "bench", "profile", "service"]
    done = run_pytest(tmp_path, FORGOTTEN.format(names=names))
    assert f"{len(names)} passed" in done.stdout
