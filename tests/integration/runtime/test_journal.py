"""The journal of real processes that call a real server, forked ones among them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from noctule.runtime.journal.reader import read_journal, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = Path(__file__).parent / "journal_worker.py"
SECRET = "sk_test_do_not_write_me_down"


class Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        failing = self.path.startswith("/fails")
        body = b'{"error": "no such jane@example.com"}'
        self.send_response(404 if failing else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Sunset", "Fri, 31 Dec 2027 23:59:59 GMT")
        self.send_header("X-RateLimit-Limit", "100")
        self.send_header("X-RateLimit-Remaining", "3")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def base_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(base_url: str, journal: str, *, children: int = 0, cwd: Path) -> None:
    environment = os.environ | {"NOCTULE_JOURNAL": journal, "SHOP_API_KEY": SECRET}
    command = [sys.executable, str(WORKER), base_url, str(children)]
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_forked_processes_add_up_and_nothing_secret_is_written(
    base_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "journal"
    run(base_url, str(folder), children=4, cwd=tmp_path)
    batches = list(read_journal(folder))
    assert len({batch.pid for batch in batches}) == 5
    summaries = summarize(batches)
    assert summaries["shop", "read"].outcomes == {"ok": 5 + 4 * 7 + 5}
    assert summaries["shop", "fail"].outcomes == {"NotFound": 6}
    failure, limit = summaries["shop", "fail"].failure, summaries["shop", "read"].limit
    assert failure is not None
    assert (failure.status, failure.host) == (404, base_url)
    assert limit is not None
    assert (limit.remaining, limit.limit) == (3, 100)
    told = {(d.operation, d.sunset) for batch in batches for d in batch.deprecated}
    assert told == {("read", "2027-12-31"), ("fail", "2027-12-31")}
    text = "".join(path.read_text("utf-8") for path in folder.iterdir())
    assert all(json.loads(line) for line in text.splitlines())
    for hidden in (SECRET, "jane", "4242", "card", "no such"):
        assert hidden not in text


FORKED = """
import os, sys, time
from noctule.runtime import NoAuth, Operation, ServiceConfig, SyncService
from noctule.runtime.journal import writer
from noctule.runtime.journal.place import journal_folder
from noctule.runtime.journal.reader import read_journal

writer.INTERVAL = 0.05
READ = Operation("read", "GET", "/items", returns=None)

class Shop(SyncService):
    config = ServiceConfig(name="shop", base_url=sys.argv[1], auth=NoAuth())

def call_and_wait():
    with Shop() as shop:
        shop.call(READ)
    for _ in range(600):
        if os.getpid() in {batch.pid for batch in read_journal(journal_folder())}:
            return
        time.sleep(0.05)
    os._exit(3)

call_and_wait()
child = os.fork()
if not child:
    call_and_wait()
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_forked_child_has_a_thread_of_its_own(base_url: str, tmp_path: Path) -> None:
    """The parent's, which does not live in the child, has run before; no exit hook runs here."""
    environment = os.environ | {"NOCTULE_JOURNAL": str(tmp_path / "journal")}
    command = [sys.executable, "-c", FORKED, base_url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summaries = summarize(read_journal(tmp_path / "journal"))
    assert summaries["shop", "read"].outcomes == {"ok": 2}


def test_off_writes_nothing(base_url: str, tmp_path: Path) -> None:
    run(base_url, "off", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_default_place_is_beside_the_inbox(base_url: str, tmp_path: Path) -> None:
    run(base_url, "", cwd=tmp_path)
    assert summarize(read_journal(tmp_path / ".noctule" / "journal"))["shop", "read"].calls == 10


def test_a_folder_that_cannot_be_made_fails_no_call(base_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run(base_url, str(tmp_path / "file" / "journal"), cwd=tmp_path)
