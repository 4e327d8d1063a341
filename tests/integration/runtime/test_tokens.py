"""Tokens over real sockets: eight processes, one refresh; and nothing of it in any log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from noctule.runtime import (
    JSON,
    All,
    ApiKeyQuery,
    Basic,
    OAuth2RefreshToken,
    Operation,
    Service,
    ServiceConfig,
    ServiceError,
    SyncService,
    env,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = Path(__file__).parent / "token_worker.py"
PROCESSES, CALLS = 8, 5
SECRETS = {
    "CLIENT_ID": "client-id-0123",
    "CLIENT_SECRET": "client-secret-4567",
    "REFRESH_TOKEN": "refresh-0",
    "API_KEY": "plain-api-key-89ab",
    "PASSWORD": "correct horse battery",
}


@dataclass
class Issuer:
    """Rotates its refresh token at every use; an old one that comes back is counted."""

    refresh: str = "refresh-0"
    access: str = ""
    refreshes: int = 0
    reused: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        time.sleep(0.05)  # wide enough for every other process to arrive meanwhile
        with self.lock:
            if form.get("refresh_token") != self.refresh:
                self.reused += 1
                return 400, {"error": "invalid_grant"}
            self.refreshes += 1
            self.refresh = f"refresh-{self.refreshes}-rotated"
            self.access = f"access-{self.refreshes}-granted"
            said = {"access_token": self.access, "refresh_token": self.refresh}
            return 200, {**said, "expires_in": 3600, "token_type": "bearer"}

    def api(self, authorization: str) -> tuple[int, dict[str, object]]:
        with self.lock:
            if authorization != f"Bearer {self.access}":
                self.refused += 1
                return 401, {"error": f"{authorization} is not {self.access}"}
            return 200, {"ok": True}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*issuer.token(form))

        def do_GET(self) -> None:
            self.answer(*issuer.api(self.headers.get("Authorization", "")))

        def answer(self, status: int, said: dict[str, object]) -> None:
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Set-Cookie", "session=very-secret-cookie; HttpOnly")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def workers(url: str, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, str(WORKER), url, str(tmp_path), str(CALLS)]
    started = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **SECRETS},
        )
        for _ in range(PROCESSES)
    ]
    yield started
    for worker in started:
        worker.communicate(timeout=30)


def said(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline()


def round_of_calls(workers: list[subprocess.Popen[str]]) -> list[str]:
    """All at once; returns what failed."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [failure for worker in workers for failure in json.loads(said(worker))]


def test_eight_processes_renew_once_and_see_no_401(
    issuer: Issuer, workers: list[subprocess.Popen[str]]
) -> None:
    assert {said(worker) for worker in workers} == {"ready\n"}
    assert round_of_calls(workers) == []
    assert (issuer.refreshes, issuer.reused, issuer.refused) == (1, 0, 0)
    # The token is revoked: each process meets one 401, and one of them renews for all.
    issuer.access = "revoked"
    assert round_of_calls(workers) == []
    assert (issuer.refreshes, issuer.reused) == (2, 0)
    assert issuer.refused <= PROCESSES


LOGGED = SECRETS | {
    "access": "access-1-granted",
    "rotated": "refresh-1-rotated",
    "cookie": "very-secret-cookie",
    "basic": "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
}


def set_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All loggers of the process, at DEBUG."""
    saved = io.StringIO()
    handler = logging.StreamHandler(saved)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield saved
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.mark.parametrize("kind", [Service, SyncService])
def test_no_log_at_debug_holds_a_secret(
    kind: Any, url: str, monkeypatch: pytest.MonkeyPatch, everything_logged: io.StringIO
) -> None:
    set_secrets(monkeypatch)
    config = ServiceConfig(
        name="api",
        base_url=url,
        auth=All(
            Basic("user", env("PASSWORD")),
            ApiKeyQuery("api_key", env("API_KEY")),
            OAuth2RefreshToken(
                f"{url}/token", env("CLIENT_ID"), env("CLIENT_SECRET"), env("REFRESH_TOKEN")
            ),
        ),
    )
    read = Operation("read", "GET", "/items", returns=JSON)
    service = type("Api", (kind,), {"config": config})()

    async def call() -> None:
        async with service:
            await service.call(read)

    if kind is Service:
        asyncio.run(call())
    else:
        with service:
            service.call(read)
    lines = everything_logged.getvalue()
    assert "httpcore2" in lines or "receive_response_headers" in lines
    assert "set-cookie" in lines.lower()
    assert {name for name, value in LOGGED.items() if value in lines} == set()


def test_no_traceback_or_repr_of_a_failed_call_holds_a_secret(
    issuer: Issuer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_secrets(monkeypatch)
    monkeypatch.setattr(issuer, "api", lambda authorization: (401, {"error": authorization}))

    class Api(SyncService):
        config = ServiceConfig(
            name="api",
            base_url=url,
            auth=OAuth2RefreshToken(
                f"{url}/token", env("CLIENT_ID"), env("CLIENT_SECRET"), env("REFRESH_TOKEN")
            ),
        )

    with Api() as api, pytest.raises(ServiceError) as caught:
        api.call(Operation("read", "GET", "/items", returns=JSON))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = (
        "".join(shown.format()) + repr(caught.value) + repr(vars(caught.value)) + repr(Api.config)
    )
    assert {name for name, value in LOGGED.items() if value in text} == set()
