"""An outage, as an operator meets it: real processes call a provider that is away, the doctor says
why, and that it is over."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from noctule.cli import run

from .test_journal import Provider

if TYPE_CHECKING:
    from pathlib import Path

CALLS = """
import sys
from noctule.runtime import CallOptions, NoAuth, Operation, ServiceConfig, ServiceError, SyncService

READ = Operation("read", "GET", "/items", returns=None)

class Shop(SyncService):
    config = ServiceConfig(name="shop", base_url=sys.argv[1], auth=NoAuth())

with Shop() as shop:
    for _ in range(int(sys.argv[2])):
        try:
            shop.call(READ, options=CallOptions(attempts=1))
        except ServiceError:
            pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOCTULE_JOURNAL", str(tmp_path / "journal"))
    monkeypatch.delenv("NOCTULE_INBOX", raising=False)
    return tmp_path


def call(base_url: str, number: int) -> None:
    command = [sys.executable, "-c", CALLS, base_url, str(number)]
    subprocess.run(command, env=dict(os.environ), check=True, capture_output=True)


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = run(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return code, {finding["check"]: finding for finding in findings}


def test_an_outage_is_told_with_host_and_cause_and_then_as_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}"
    call(base_url, 8)
    code, findings = doctor(capsys)
    assert code == 1
    failing = findings["network"]
    assert failing["severity"] == "bad"
    assert (failing["subject"], failing["values"]["failed"]) == ("shop.read", "8")
    assert failing["values"]["cause"] == f"127.0.0.1:{port}: Connection refused"
    assert f"curl -sv {base_url}/" in failing["next"]
    circuit = findings["circuit"]
    assert circuit["values"]["reason"] == f"127.0.0.1:{port}: Connection refused"

    with ThreadingHTTPServer(("127.0.0.1", port), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        call(base_url, 20)
        server.shutdown()
    code, findings = doctor(capsys)
    assert code == 1
    assert findings["recovered"]["severity"] == "warning"
    assert "network" not in findings
