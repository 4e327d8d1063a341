"""A generated client, called with secrets, by a provider that quotes them: none is told.

All operations of five providers are `benchmarks/runtime/leaks.py`; here it is one of one.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.codegen.generate import generate
from benchmarks.runtime import leaks
from benchmarks.runtime.searching import CREDENTIALS
from support.paths import SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENT = SPECS / "twilio.json"
OPERATION = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json"
PLACES = (
    "error",
    "event",
    "held",
    "locals",
    "log of httpcore2",
    "log of noctule",
    "result",
    "span",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where modules called `app` are imported from, during the test."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in _of_projects():
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    for name in _of_projects():
        del sys.modules[name]


def _of_projects() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "app"]


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the real documents are not here")
def test_nothing_secret_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    generate(str(DOCUMENT), project, [OPERATION])
    figures = leaks.searched("twilio")
    assert figures["not called"] == 0
    assert figures["calls"] == len(leaks.FAULTS)
    given_up = 2  # silence and cancellation may end a call before it is sent, on a busy machine
    assert figures["requests with secrets"] >= len(leaks.FAULTS) - given_up
    assert min(figures["texts"].get(place, 0) for place in PLACES) > 0
    assert figures["strange"] == {}
    assert figures["hits"] == {}
