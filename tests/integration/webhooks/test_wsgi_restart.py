"""Stored events are processed after a restart, without a delivery, under real WSGI servers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from noctule.webhooks.store.open import open_store
from noctule.webhooks.testing import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_integration"
PATIENCE = 60
GUNICORN = ["-m", "gunicorn", "--chdir", str(Path(__file__).parent), "wsgi_app:app", "--bind"]
SERVERS = {
    "gunicorn": [*GUNICORN, "{address}", "-w", "2"],
    "gunicorn --preload": [*GUNICORN, "{address}", "-w", "2", "--preload"],
    "gunicorn --threads": [*GUNICORN, "{address}", "--threads", "4"],
    "gunicorn --max-requests": [*GUNICORN, "{address}", "--max-requests", "1"],
    "waitress": ["-m", "waitress", "--listen", "{address}", "wsgi_app:app"],
    "flask run": ["-m", "flask", "--app", "wsgi_app:app", "run", "--port", "{port}"],
    "flask run --debug": ["-m", "flask", "--app", "wsgi_app:app", "run", "--port", "{port}",
                          "--debug"],
}  # fmt: skip


class WsgiServer:
    """A server in a process of its own; the inbox outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self, kind: str, **environ: str) -> None:
        address = f"127.0.0.1:{self.port}"
        command = [part.format(address=address, port=self.port) for part in SERVERS[kind]]
        inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_VERSION"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=Path(__file__).parent,
                env=inherited
                | {
                    "NOCTULE_INBOX": str(self.folder / "inbox.sqlite3"),
                    "STRIPE_WEBHOOK_SECRET": SECRET,
                    "HANDLED": str(self.folder / "handled"),
                }
                | environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
        if self.process is not None:
            self.process.wait(PATIENCE)

    def request(self, method: str, path: str, headers: dict, body: bytes | None) -> tuple[int, str]:
        """Status and text of the response, once the server listens."""
        end = time.monotonic() + PATIENCE
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return response.status, response.read().decode()
            except ConnectionError:
                assert time.monotonic() < end, self.log
                time.sleep(0.1)
            finally:
                connection.close()

    def deliver(self, name: str, path: str = "/hooks") -> int:
        headers, body = signed("stripe", {"id": name, "type": "t"}, secret=SECRET)
        return self.request("POST", path, headers, body)[0]

    def store_waiting(self, *names: str) -> None:
        """Events that an earlier process took and did not process."""
        from noctule.webhooks import Receiver, SyncReceiver

        place = str(self.folder / "inbox.sqlite3")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NOCTULE_INBOX", place)
            patch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
            earlier = SyncReceiver(
                Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"], work=False)
            )
            for name in names:
                headers, body = signed("stripe", {"id": name, "type": "t"}, secret=SECRET)
                environ = {"REQUEST_METHOD": "POST", "HTTP_HOST": "test"}
                named = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers.items()}
                assert earlier.take(environ | named, body).status == 200
            earlier.close()

    def handled(self) -> dict[str, int]:
        """The ids of the handled events, and the process of each."""
        path = self.folder / "handled"
        lines = path.read_text().splitlines() if path.exists() else []
        assert len({line.split()[0] for line in lines}) == len(lines)  # each once
        return {name: int(process) for name, process in map(str.split, lines)}

    def wait_for(self, *names: str) -> dict[str, int]:
        end = time.monotonic() + PATIENCE
        while not set(names) <= set(self.handled()):
            assert time.monotonic() < end, self.log
            time.sleep(0.1)
        return self.handled()

    def states(self) -> dict[str, str]:
        from noctule.webhooks.store.base import EventQuery

        store = open_store(str(self.folder / "inbox.sqlite3"))
        try:
            return {event.id or "": event.state for event in store.find(EventQuery(limit=1000))}
        finally:
            store.close()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WsgiServer]:
    server = WsgiServer(tmp_path)
    yield server
    server.stop(signal.SIGKILL)


@pytest.mark.parametrize("kind", SERVERS)
def test_what_waits_is_processed_without_a_delivery(server: WsgiServer, kind: str) -> None:
    server.store_waiting("evt_1", "evt_2")
    server.start(kind)
    server.wait_for("evt_1", "evt_2")
    assert server.deliver("evt_3") == 200
    server.wait_for("evt_3")


def test_after_kill_9_what_was_taken_is_processed(server: WsgiServer) -> None:
    server.start("gunicorn")
    assert server.deliver("evt_1") == 200
    server.stop(signal.SIGKILL)
    store = open_store(str(server.folder / "inbox.sqlite3"))  # the lease of a killed worker is over
    store.run("UPDATE noctule_event SET state = 'pending', due = 0 WHERE state != 'done'")
    store.close()
    server.store_waiting("evt_2")
    server.start("gunicorn")
    server.wait_for("evt_1", "evt_2")


def test_a_slow_preload_leaves_the_work_to_the_workers(server: WsgiServer) -> None:
    """The master has opened the inbox when it forks: it stops, and the children open their own."""
    server.store_waiting("evt_0")
    server.start("gunicorn --preload", SLOW_IMPORT="3")
    server.wait_for("evt_0")
    names = [f"evt_{n}" for n in range(1, 30)]
    assert {server.deliver(name) for name in names} == {200}
    handled = server.wait_for(*names)
    assert server.process is not None
    assert server.process.pid not in {handled[name] for name in names}
    server.stop()
    assert set(server.states().values()) == {"done"}


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn --preload", "waitress"])
def test_a_server_that_stops_lets_its_handlers_finish(server: WsgiServer, kind: str) -> None:
    server.start(kind, SLOW_HANDLER="1")
    assert {server.deliver(f"evt_{n}") for n in range(3)} == {200}
    assert server.process is not None
    server.process.send_signal(signal.SIGINT if kind == "waitress" else signal.SIGTERM)
    server.process.wait(PATIENCE)
    assert "Traceback" not in server.log
    states = server.states()
    assert set(states.values()) <= {"done", "pending"}  # none is held by a process that ended
    assert {name for name, state in states.items() if state == "done"} == set(server.handled())


def test_any_request_starts_it_where_nothing_calls_start(server: WsgiServer) -> None:
    server.store_waiting("evt_1")
    server.start("gunicorn", NO_START="1")
    assert server.request("GET", "/", {}, None)[0] == 200
    server.wait_for("evt_1")


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn --preload", "waitress", "flask run"])
def test_without_its_secret_the_server_does_not_start(server: WsgiServer, kind: str) -> None:
    server.start(kind, STRIPE_WEBHOOK_SECRET="")
    assert server.process is not None
    assert server.process.wait(PATIENCE) != 0
    assert "environment variables are not set: STRIPE_WEBHOOK_SECRET" in server.log


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn --preload"])
def test_a_slash_more_or_a_chunked_body_makes_no_difference(server: WsgiServer, kind: str) -> None:
    server.start(kind)
    assert server.deliver("evt_1", "/hooks/") == 200
    headers, body = signed("stripe", {"id": "evt_2", "type": "t"}, secret=SECRET)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("POST", "/hooks", iter([body[:5], body[5:]]), headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    server.wait_for("evt_1", "evt_2")
