"""The Python that runs the user's project, and the environment that its code needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERPRETERS = (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe")


def interpreter_of(root: Path) -> Path:
    """The interpreter of the virtual environment in the project at `root`, else the one that runs
    noctule."""
    interpreters = (root / name for name in INTERPRETERS)
    return next((path for path in interpreters if path.exists()), Path(sys.executable))


def environment_of(root: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """`variables` (by default noctule's own) for a Python that runs the project's code: it imports
    from `root` and `root/src`, and writes no bytecode. What it calls is not what happens in
    production, so it keeps no journal."""
    environment = dict(os.environ if variables is None else variables)
    folders = [str(root), str(root / "src"), environment.get("PYTHONPATH", "")]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(filter(None, folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NOCTULE_JOURNAL": "off",
    }
