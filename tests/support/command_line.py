"""The command line as a user runs it: arguments in; exit code, two streams and files out."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Parcels API", "version": "1"},
    "servers": [{"url": "https://api.parcels.example"}],
    "paths": {
        "/parcels": {
            "post": {
                "operationId": "createParcel",
                "summary": "Create a parcel",
                "responses": {"201": {"description": "Created"}},
            }
        }
    },
}
"""A small API document."""


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


def obey_permissions() -> None:
    """Give up root's right to write where no permission allows it, as any other user runs."""
    drop_from_bounding_set, dac_override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


AS_A_USER = obey_permissions if sys.platform == "linux" and os.geteuid() == 0 else None


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
        preexec_fn=AS_A_USER,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode != 70, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def snapshot_of(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
