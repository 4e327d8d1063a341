"""Real services: programs on a free port of the loopback address, and the documents they ship."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.echo_server import free_port
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAMS = ROOT / ".services" / "bin"
"""`make test-services` installs the services that are Python packages here, away from ours."""

TESTBED = Path(os.environ.get("NOCTULE_TESTBED") or ROOT.parent / "shared" / "testbed")
"""What the services ship. Not in every checkout."""

STARTS_WITHIN = 60  # seconds


def documented(name: str) -> Path:
    """The path of a document below `TESTBED`. Skips the test where it is absent."""
    path = TESTBED / name
    if not path.is_file():
        pytest.skip(f"no {path}: NOCTULE_TESTBED names the folder of the documents")
    return path


def program(name: str) -> str:
    """The path of an installed program. Skips the test where there is none."""
    path = shutil.which(name, path=str(PROGRAMS)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: `make test-services` installs what it can")
    return path


@contextmanager
def running(folder: Path, arguments: Callable[[int], list[str]]) -> Iterator[str]:
    """Start a program in `folder`, yield its address, and end it."""
    port = free_port()
    log = folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments(port), cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_open(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The service does not start:\n{log.read_text(errors='replace')[-2000:]}")
