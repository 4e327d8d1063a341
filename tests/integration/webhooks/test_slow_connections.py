"""Connections that never finish keep nobody out, and end; nor do they fill the log."""

from __future__ import annotations

import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from noctule.webhooks.testing import signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "whsec_integration"
PATH = "/api/webhooks/stripe"
PATIENCE = 60
HEADS, BODIES = 1500, 300
"""More than the 1,024 connections of granian's own default."""
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()


class Served:
    def __init__(self, folder: Path) -> None:
        with socket.socket() as one, socket.socket() as other:
            for listener in (one, other):
                listener.bind(("127.0.0.1", 0))
            self.port, self.admin_port = one.getsockname()[1], other.getsockname()[1]
        self.log = folder / "log"
        ports = ("--port", str(self.port), "--admin-port", str(self.admin_port))
        environ = {"NOCTULE_INBOX": str(folder / "inbox"), "STRIPE_WEBHOOK_SECRET": SECRET}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "noctule", "webhooks", "serve", "--route", "stripe", *ports],
                cwd=folder,
                env=os.environ | environ,
                stdout=log,
                stderr=log,
            )

    def request(self, port: int, method: str, path: str, *content: object) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request(method, path, *content)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def health(self) -> int:
        return self.request(self.admin_port, "GET", "/healthz")

    def deliver(self, name: str) -> int:
        headers, body = signed("stripe", {"id": name, "type": "t"}, secret=SECRET)
        return self.request(self.port, "POST", PATH, body, headers)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (HEADS + BODIES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    served = Served(tmp_path)
    end = time.monotonic() + PATIENCE
    while served.health() != 200:
        assert served.process.poll() is None, served.log.read_text()
        assert time.monotonic() < end, served.log.read_text()
        time.sleep(0.05)
    yield served
    served.process.terminate()
    served.process.wait(PATIENCE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_unfinished_heads_and_bodies_keep_nobody_out_and_end(served: Served) -> None:
    unfinished = [HEAD + b"X-A: "] * HEADS
    unfinished += [HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000] * BODIES
    connections = []
    for content in unfinished:
        connection = socket.create_connection(("127.0.0.1", served.port), PATIENCE)
        connection.sendall(content)
        connections.append(connection)
    assert {served.deliver(f"evt_{n}") for n in range(20)} == {200}
    assert served.health() == 200
    for connection in connections:  # each is answered, or closed, by the server
        answer = connection.recv(200)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
        connection.close()
    assert served.deliver("evt_last") == 200


def test_a_stranger_writes_few_lines_into_the_log(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    for _ in range(500):
        connection.request("POST", PATH, b"{}")
        assert connection.getresponse().read()
    connection.close()
    served.process.terminate()
    assert served.process.wait(PATIENCE) == 0
    lines = [line for line in served.log.read_text().splitlines() if "rejected" in line]
    # The first, and one with the number of the others; more only on a very slow machine.
    assert 2 <= len(lines) <= 20
    assert "more" in lines[-1]
