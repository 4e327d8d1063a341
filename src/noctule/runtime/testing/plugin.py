"""pytest fixtures for code that calls a provider; loaded through the entry point `pytest11`.

Every test run on the machine has them, so their names hold ours: where a project forgot a fixture
called `clock` or `provider`, pytest must say so.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.testing import MockProvider, VirtualClock

for _module in ("noctule.runtime.testing.contract", "noctule.webhooks.testing"):
    # A failed assertion then shows both sides. Too late for what is imported already.
    if _module not in sys.modules:
        pytest.register_assert_rewrite(_module)


def pytest_configure() -> None:
    """What tests call is not what happens in production: it is not in the journal, unless the
    environment names a folder for it."""
    os.environ.setdefault("NOCTULE_JOURNAL", "off")


@pytest.fixture
def noctule_clock() -> VirtualClock:
    """Time that jumps instead of passing."""
    from noctule.runtime.testing import VirtualClock

    return VirtualClock()


@pytest.fixture
def noctule_provider(noctule_clock: VirtualClock) -> MockProvider:
    """A scripted provider, on the same clock: `StripeService(transport=noctule_provider, …)`."""
    from noctule.runtime.testing import MockProvider

    return MockProvider(clock=noctule_clock)


@pytest.fixture
def noctule_no_secret_leak() -> Iterator[None]:
    """Fail the test if a credential or a card number reaches any log, of any library."""
    from noctule.runtime.testing.leaks import watch_logs

    with watch_logs() as leaks:
        yield
    if leaks:
        pytest.fail("secrets in the log: " + "; ".join(leaks))
