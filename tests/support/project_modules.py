"""Modules of a user's project that a test imports into its own process."""

import sys
from pathlib import Path

import pytest

PACKAGES = ("app", "tests")


def import_from(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import from `project` until the end of the test, as if no other project had been there."""
    monkeypatch.syspath_prepend(str(project))
    for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
        monkeypatch.delitem(sys.modules, name)
