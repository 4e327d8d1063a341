"""A PostgreSQL server of our own, where its programs are installed.

Without them a test that needs the server is skipped; `NOCTULE_REQUIRE_POSTGRES=1` makes it fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_USER = "postgres"
"""Who runs the server when the tests run as root: it refuses to run as root."""


def server_programs() -> Path:
    """The folder of `initdb` and `pg_ctl`."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not installed and on_path is None:
        _unavailable("PostgreSQL's server programs are not installed")
    return installed[-1].parent if installed else Path(str(on_path)).parent


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server with its durable defaults, in a temporary folder."""
    programs = server_programs()
    folder = Path(mkdtemp(prefix="noctule-pg-"))
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        try:
            shutil.chown(folder, SERVER_USER)
        except LookupError:
            _unavailable(f"running as root, and there is no user {SERVER_USER} for the server")
        as_user = {"user": SERVER_USER, "cwd": folder}
    data, quiet = folder / "data", {"check": True, "stdout": subprocess.DEVNULL, **as_user}
    subprocess.run([programs / "initdb", "-A", "trust", "-U", "noctule", "-N", data], **quiet)
    settings = f"-c listen_addresses= -c unix_socket_directories={folder}"
    control = [programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", settings, "start"], **quiet)
    try:
        yield f"postgresql://noctule@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder)


def _unavailable(reason: str) -> None:
    if os.environ.get("NOCTULE_REQUIRE_POSTGRES") == "1":
        pytest.fail(f"{reason}, and NOCTULE_REQUIRE_POSTGRES is set", pytrace=False)
    pytest.skip(reason)
