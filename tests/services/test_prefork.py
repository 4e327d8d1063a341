"""10,000 calls each in Celery's prefork pool and under gunicorn --preload: no answer is another
process's, and no connection is used by two processes.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from support.echo_server import EchoServer, free_port

HERE = Path(__file__).parent
CALLS, TASKS, PROCESSES = 10_000, 40, 4


def start(*arguments: str, **environ: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE), **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    finally:
        process.kill()


def assert_unshared(server: EchoServer) -> None:
    """Every connection belongs to one process, and all processes took part."""
    owners: dict[int, set[str]] = defaultdict(set)
    for connection, path, _ in server.requests:
        owners[connection].add(path.split("/")[2])
    assert [pids for pids in owners.values() if len(pids) != 1] == []
    assert len(set.union(*owners.values())) > PROCESSES  # the parent as well


def test_gunicorn_preload() -> None:
    def ask(worker: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for n in range(worker, CALLS, 16):
            client = HTTPConnection("127.0.0.1", port)
            client.request("GET", f"/{n}")
            counts[client.getresponse().read().decode()] += 1
            client.close()
        return counts

    port = free_port()
    bind = f"127.0.0.1:{port}"
    with EchoServer() as server:
        options = ["--preload", "--workers", str(PROCESSES), "--bind", bind, "--no-control-socket"]
        gunicorn = start("gunicorn", "echo_app:application", *options, ECHO_URL=server.url)
        try:
            wait_until_open(port, gunicorn)
            with ThreadPoolExecutor(16) as pool:
                results = sum(pool.map(ask, range(16)), Counter[str]())
        finally:
            stop(gunicorn)
        assert results == {"right": CALLS}
        assert_unshared(server)


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("gunicorn did not start")


def test_celery_prefork(tmp_path: Path) -> None:
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    each = CALLS // TASKS
    with EchoServer() as server:
        environ = {"ECHO_URL": server.url, "ECHO_BROKER": str(tmp_path)}
        options = ["worker", "--pool", "prefork", "--concurrency", str(PROCESSES)]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        worker = start("celery", "--app", "echo_app:app", *options, *quiet, **environ)
        try:
            send = (
                "import sys; from echo_app import app\n"
                f"for n in range({TASKS}):"
                f" app.send_task('calls', (n * {each}, {each}, float(sys.argv[1])))"
            )
            subprocess.run(
                [sys.executable, "-c", send, str(time.time() + 5)],
                env={**os.environ, "PYTHONPATH": str(HERE), **environ},
                check=True,
            )
            while len(files := list(tmp_path.glob("*.done"))) < TASKS:
                assert worker.poll() is None, "the worker has ended"
                time.sleep(0.2)
        finally:
            stop(worker)
        results = Counter(line for file in files for line in file.read_text().splitlines()[1:])
        assert results == {"right": CALLS}
        assert len({file.read_text().split("\n")[0] for file in files}) == PROCESSES
        assert_unshared(server)
