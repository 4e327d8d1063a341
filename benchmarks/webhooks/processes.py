"""What the benchmarks of this folder share: signed events, servers, wrk, a PostgreSQL."""

from __future__ import annotations

import hmac
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from benchmarks.shared import ROOT, MissingError, peak_memory
from benchmarks.webhooks.servers import PATH, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


def event(number: int = 0) -> dict:
    """A Stripe-like event of about 3 KB: an invoice with fifteen lines."""
    lines = [
        {
            "id": f"il_{n:04}",
            "object": "line_item",
            "amount": 1000 + n,
            "currency": "eur",
            "description": f"1 × Plan {n} (at €10.00 / month)",
            "period": {"start": 1_700_000_000, "end": 1_702_600_000},
            "quantity": 1,
        }
        for n in range(15)
    ]
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "created": 1_700_000_000 + number,
        "type": "invoice.paid",
        "data": {
            "object": {
                "id": f"in_{uuid4().hex[:24]}",
                "object": "invoice",
                "amount_paid": 15105,
                "customer": f"cus_{number:014}",
                "customer_email": "jenny.rosen@example.com",
                "lines": {"object": "list", "data": lines},
            }
        },
    }


def write_requests(path: Path, count: int, port: int) -> None:
    """Whole HTTP requests for wrk, each with its own event and a signature of now."""
    shape, now = event(), int(time.time())
    parts = (shape["id"], shape["data"]["object"]["id"], shape["data"]["object"]["customer"])
    text = json.dumps(shape, ensure_ascii=False).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    with path.open("wb") as file:
        for n in range(count):
            body = text
            own = (f"evt_{uuid4().hex}", f"in_{uuid4().hex}", f"cus_{n:014}")
            for old, new in zip(parts, own, strict=True):
                body = body.replace(old.encode(), new.encode())
            mac = hmac.digest(SECRET.encode(), b"%d." % now + body, "sha256").hex()
            signature = f"Stripe-Signature: t={now},v1={mac}\r\n"
            raw = f"{head}{signature}Content-Length: {len(body)}\r\n\r\n".encode() + body
            file.write(b"%08x" % len(raw) + raw)


def wrk(requests: Path, port: int, seconds: int, connections: int) -> dict[str, float]:
    """Median, p99 and greatest milliseconds, and requests a second, of one run of wrk."""
    if not shutil.which("wrk"):
        raise MissingError("`wrk` is not installed: apt-get install wrk")
    process = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "--latency"),
            *("-s", HERE / "load.lua", f"http://127.0.0.1:{port}{PATH}", "--", requests),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    match = re.search(r"RESULT (.*)", process.stdout)
    assert match, process.stdout + process.stderr
    values = {k: float(v) for k, v in (pair.split("=") for pair in match[1].split())}
    seconds_run = values.pop("duration") / 1e6
    return values | {"per_second": (values["requests"] - values["bad"]) / seconds_run}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server(NamedTuple):
    port: int
    pid: int

    def memory(self) -> float:
        """Most MB that it, or one of its own processes, has held."""
        own = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return max(peak_memory(pid) for pid in (self.pid, *map(int, own)))


@contextmanager
def server(kind: str, place: str) -> Iterator[Server]:
    """A server of `servers.py` in its own process."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.webhooks.servers", kind, str(port), place]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(port)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            assert time.monotonic() < limit, "the server does not come up"
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()


def wait_until_idle(pid: int, seconds: float = 120) -> None:
    """Return when a process has used less than a twentieth of a processor for a second."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        before = _ticks(pid)
        time.sleep(1)
        if _ticks(pid) - before < os.sysconf("SC_CLK_TCK") / 20:
            return
    print(f"process {pid} is still busy after {seconds:.0f} s", flush=True)


def _ticks(pid: int) -> int:
    """The time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def server_programs() -> Path:
    """The folder of `initdb` and `pg_ctl`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        raise MissingError("PostgreSQL's server is not installed: apt-get install postgresql")
    return folders[-1]


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own with its durable defaults, reached by TCP; its address."""
    programs = server_programs()
    folder = Path(mkdtemp(prefix="noctule-bench-"))
    as_user: dict = {"user": "postgres", "cwd": folder} if os.getuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", free_port()
    quiet = {"check": True, "stdout": subprocess.DEVNULL, **as_user}
    subprocess.run([programs / "initdb", "-A", "trust", "-U", "noctule", data], **quiet)
    control = [programs / "pg_ctl", "-D", data, "-w"]
    options = f"-p {port} -c unix_socket_directories={folder} -c max_wal_size=4GB"
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **quiet)
    try:
        yield f"postgresql://noctule@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder)
