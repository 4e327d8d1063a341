"""The command line as a user runs it: arguments in; exit code, two streams and files out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).parents[2]
SPECS = ROOT.parent / "shared" / "specs"
CARD = ROOT / "tests" / "data" / "card.yaml"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Noctule(Protocol):
    def __call__(self, *arguments: str) -> Done: ...


def command(folder: Path, *arguments: str, **variables: str) -> Done:
    """Run `noctule` in a fresh process, with no terminal, in `folder`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("NOCTULE_", "COLUMNS"))}
    done = subprocess.run(
        [sys.executable, "-m", "noctule", *arguments],
        cwd=folder,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode != 70, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def noctule(project: Path) -> Noctule:
    """Run `noctule` in the test's project."""
    return lambda *arguments: command(project, *arguments)


def snapshot_of(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
