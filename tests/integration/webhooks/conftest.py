"""A PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

import pytest

SERVER_USER = "postgres"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    onpath = shutil.which("initdb")
    return found[-1].parent if found else Path(onpath).parent if onpath else None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of a real server with its durable defaults, in a folder that goes with it."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    folder = Path(mkdtemp(prefix="noctule-pg-"))
    as_user = {}
    if os.getuid() == 0:  # the server refuses to run as root
        try:
            shutil.chown(folder, SERVER_USER)
        except LookupError:
            pytest.skip(f"running as root, and there is no user {SERVER_USER} for the server")
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


@pytest.fixture
def postgres_inbox(postgres) -> str:
    """The server, without any table of ours."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgres
