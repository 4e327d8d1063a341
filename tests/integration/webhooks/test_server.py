"""A generated application's way of mounting it, over real sockets, and under `kill -9`."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from noctule.webhooks.store.base import EventQuery
from noctule.webhooks.store.sqlite import SqliteStore
from noctule.webhooks.testing import signed

APP = Path(__file__).with_name("hook_app.py")
SECRET = "whsec_integration"
PATIENCE = 30


class App:
    """The application in a process, with an inbox that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.inbox = folder / "inbox.db"
        self.log = folder / "log"
        self.handled: list[str] = []
        self.process: subprocess.Popen | None = None
        self._port = 0
        self._changed = threading.Condition()

    def start(self, **environ: str) -> None:
        """Start the process; returns when it listens, or has ended."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, APP],
                env=os.environ
                | {"NOCTULE_INBOX": str(self.inbox), "STRIPE_WEBHOOK_SECRET": SECRET}
                | environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = self.process.stdout.readline()
        self._port = int(line or 0)
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stdout) -> None:
        with stdout:
            for line in stdout:
                with self._changed:
                    self.handled.append(line.strip())
                    self._changed.notify_all()

    def wait_until_handled(self, ids: set[str]) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: ids <= set(self.handled), PATIENCE)
        assert done, f"{len(ids - set(self.handled))} events were not handled in time"

    def kill(self, how: int = signal.SIGKILL) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def post(self, payload: dict, *, secret: str = SECRET, body: bytes | None = None) -> int:
        headers, signed_body = signed("stripe", payload, secret=secret)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", "/api/webhooks/stripe", body or signed_body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def events(self) -> list:
        store = SqliteStore(str(self.inbox))
        try:
            return store.find(EventQuery(limit=100_000))
        finally:
            store.close()


@pytest.fixture
def app(tmp_path):
    app = App(tmp_path)
    yield app
    if app.process and app.process.poll() is None:
        app.kill()


def test_mounted_in_fastapi_it_takes_what_is_signed_and_nothing_else(app):
    app.start()
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "card": "4242424242424242"}
    assert app.post(event) == 200
    assert app.post(event) == 200
    assert app.post(event, body=json.dumps(event | {"amount": 1}).encode()) == 401
    assert app.post(event, secret="whsec_other") == 401
    app.wait_until_handled({"evt_1"})
    assert app.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert app.handled == ["evt_1"]
    log = app.log.read_text()
    assert "signature_mismatch" in log
    assert SECRET not in log
    assert "4242" not in log


def test_without_its_secret_the_application_does_not_start(app):
    app.start(STRIPE_WEBHOOK_SECRET="")
    assert app.process.wait(PATIENCE) == 3
    assert "STRIPE_WEBHOOK_SECRET" in app.log.read_text()


def test_kill_9_under_load_loses_nothing_that_was_answered(app):
    acknowledged, numbers = [], iter(range(1_000_000))
    for kill_after in (3, 20, 60):
        app.start()
        stop, enough = threading.Event(), threading.Event()
        target = len(acknowledged) + kill_after

        def load(stop=stop, enough=enough, target=target):
            while not stop.is_set():
                name = f"evt_{next(numbers)}"
                try:
                    if app.post({"id": name, "type": "t"}) == 200:
                        acknowledged.append(name)
                except OSError:
                    return
                if len(acknowledged) >= target:
                    enough.set()

        senders = [threading.Thread(target=load) for _ in range(4)]
        for sender in senders:
            sender.start()
        assert enough.wait(PATIENCE)
        app.kill()
        stop.set()
        for sender in senders:
            sender.join()
    stored = {event.id: event for event in app.events()}
    assert set(acknowledged) <= stored.keys()
    # What was claimed when the process died is claimed again once its lease is over.
    store = SqliteStore(str(app.inbox))
    store.run("UPDATE noctule_event SET due = 0 WHERE state = 'leased'")
    store.close()
    app.start()
    app.wait_until_handled(stored.keys())
    app.kill(signal.SIGTERM)  # it finishes what it has begun
    assert {event.state for event in app.events()} == {"done"}
    twice = [name for name, count in Counter(app.handled).items() if count > 1]
    assert all(stored[name].state == "leased" for name in twice)
