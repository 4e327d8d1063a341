"""A service that was used before a fork: its children share nothing of it with their parent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from support.certificates import Authority
from support.echo_server import EchoServer

WORKER = Path(__file__).with_name("fork_worker.py")
STATE_WORKER = Path(__file__).with_name("fork_state_worker.py")
CHILDREN = [f"child-{number}" for number in range(4)]


def run(server: EchoServer, *arguments: str) -> list[dict[str, int]]:
    done = subprocess.run(
        [sys.executable, WORKER, server.url, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, int]] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "way", ["os.fork", "fork in C", "fork in a thread", "fork", "forkserver", "spawn"]
)
def test_every_process_has_its_own_connections(kind: str, way: str) -> None:
    with EchoServer() as server:
        results = run(server, kind, way)
        assert results == [{"wrong": 0}] * 6
        owners = [server.connections_of(f"/{who}/") for who in ("parent", *CHILDREN)]
        assert all(owners)
        assert len(set.union(*owners)) == sum(map(len, owners))


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("tls", [False, True])
def test_the_connection_of_the_parent_lives_on(kind: str, tls: bool, tmp_path: Path) -> None:
    """No child says goodbye on it, at its end either."""
    authority = Authority(tmp_path)
    certificate = authority.issue("server.pem") if tls else None
    with EchoServer(certificate) as server:
        run(server, kind, "os.fork", *([str(authority.path)] if tls else []))
        assert len(server.connections_of("/parent/")) == 1
        assert all(len(server.connections_of(f"/{child}/")) == 1 for child in CHILDREN)


def in_progress(server: EchoServer, folder: Path, case: str) -> tuple[object, object]:
    """What child and parent saw in a case of fork_state_worker.py."""
    command = [sys.executable, STATE_WORKER, server.url, folder, case]
    hangs = server.hangs
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            for _ in range(hangs):
                assert server.arrived.acquire(timeout=20)
            process.stdin.write("fork\n")
            process.stdin.flush()
            child = json.loads(process.stdout.readline())
            server.release.set()
            parent = json.loads(process.communicate("go on\n", timeout=20)[0])
        finally:
            process.kill()
    return child, parent


def test_permits_of_the_parent_are_not_taken_from_the_child(tmp_path: Path) -> None:
    with EchoServer(hangs=2) as server:
        child, _ = in_progress(server, tmp_path, "Permits")
        assert str(child).startswith("/get/")


def test_a_renewal_of_the_parent_is_not_waited_for(tmp_path: Path) -> None:
    """The file's lock is the parent's as long as it renews; then the child reads its token."""
    with EchoServer(hangs=1) as server:
        threading.Timer(0.3, server.release.set).start()
        child, parent = in_progress(server, tmp_path, "Tokens")
        assert str(child).startswith("/get/")
        assert str(parent).startswith("/get/")
        assert sum(path == "/token" for _, path, _ in server.requests) == 1


def test_a_file_lock_ends_although_a_child_lives_on(tmp_path: Path) -> None:
    with EchoServer() as server:
        assert in_progress(server, tmp_path, "FileLocks") == (True, True)


def test_an_outbox_is_used_by_parent_and_child(tmp_path: Path) -> None:
    with EchoServer() as server:
        assert in_progress(server, tmp_path, "Outboxes") == ("put", 22)


def test_keys_and_jitter_differ(tmp_path: Path) -> None:
    with EchoServer() as server:
        child, parent = in_progress(server, tmp_path, "Chance")
        assert child != parent
        keys = [headers["Idempotency-Key"] for _, _, headers in server.requests]
        assert len(set(keys)) == len(keys) == 3


def test_a_lock_of_a_thread_of_the_parent_is_free(tmp_path: Path) -> None:
    with EchoServer() as server:
        assert in_progress(server, tmp_path, "Locks")[0] == "free"
