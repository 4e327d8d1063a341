"""A generated application's way of mounting it, over real sockets, and under `kill -9`."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
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
        self.effects = folder / "effects"
        self._port = folder / "port"
        self.log = folder / "log"
        self.process: subprocess.Popen | None = None

    def start(self, **environ: str) -> None:
        self._port.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, APP, self._port, self.effects],
                env=os.environ
                | {"NOCTULE_INBOX": str(self.inbox), "STRIPE_WEBHOOK_SECRET": SECRET}
                | environ,
                stderr=log,
                stdout=log,
            )
        until(lambda: self._port.exists() or self.process.poll() is not None)

    def kill(self, how: int = signal.SIGKILL) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def post(self, payload: dict, *, secret: str = SECRET, body: bytes | None = None) -> int:
        headers, signed_body = signed("stripe", payload, secret=secret)
        connection = http.client.HTTPConnection("127.0.0.1", int(self._port.read_text()), timeout=5)
        try:
            connection.request("POST", "/api/webhooks/stripe", body or signed_body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def done(self) -> list[str]:
        return self.effects.read_text().split() if self.effects.exists() else []

    def events(self) -> list:
        store = SqliteStore(str(self.inbox))
        try:
            return store.find(EventQuery(limit=100_000))
        finally:
            store.close()


def until(condition) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it did not come to that in time"
        time.sleep(0.01)


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
    until(lambda: app.done() == ["evt_1"])
    assert app.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
    log = app.log.read_text()
    assert "signature_mismatch" in log
    assert SECRET not in log
    assert "4242" not in log


def test_without_its_secret_the_application_does_not_start(app):
    app.start(STRIPE_WEBHOOK_SECRET="")
    assert app.process.wait(PATIENCE) == 3
    assert "STRIPE_WEBHOOK_SECRET" in app.log.read_text()


def test_kill_9_under_load_loses_nothing_that_was_answered(app):
    rounds, acknowledged, numbers = 3, [], iter(range(1_000_000))
    for _ in range(rounds):
        app.start()
        stop = threading.Event()

        def load(stop=stop):
            while not stop.is_set():
                name = f"evt_{next(numbers)}"
                try:
                    if app.post({"id": name, "type": "t"}) == 200:
                        acknowledged.append(name)
                except OSError:
                    return

        senders = [threading.Thread(target=load) for _ in range(4)]
        for sender in senders:
            sender.start()
        time.sleep(random.uniform(0.2, 0.5))
        app.kill()
        stop.set()
        for sender in senders:
            sender.join()
    stored = {event.id: event for event in app.events()}
    assert len(acknowledged) > rounds
    assert set(acknowledged) <= stored.keys()
    # What was claimed when the process died is claimed again once its lease is over.
    store = SqliteStore(str(app.inbox))
    store.run("UPDATE noctule_event SET due = 0 WHERE state = 'leased'")
    store.close()
    app.start()
    until(lambda: set(acknowledged) <= set(app.done()))
    until(lambda: all(event.state == "done" for event in app.events()))
    twice = [name for name, count in Counter(app.done()).items() if count > 1]
    assert all(stored[name].state == "leased" for name in twice)
