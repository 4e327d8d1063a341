"""What senders get wrong, over real sockets, against the server of `noctule webhooks serve`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from noctule.webhooks.testing import signed

SECRET = "whsec_integration"
PATH = "/api/webhooks/stripe"
PATIENCE = 30
YEAR = 365 * 86400
COMMAND = (sys.executable, "-m", "noctule", "webhooks", "serve", "--route", "stripe")


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of one server for all of them: each leaves it alive for the next."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("served")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "--port", str(number), "--admin-port", "0"],
            cwd=folder,
            env=os.environ
            | {"NOCTULE_INBOX": str(folder / "inbox"), "STRIPE_WEBHOOK_SECRET": SECRET},
            stdout=log,
            stderr=log,
        )
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", number)).close()
            break
        except OSError:
            assert time.monotonic() < limit, (folder / "log").read_text()
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
    yield number
    process.terminate()
    process.wait(PATIENCE)


@pytest.fixture(autouse=True)
def _alive_afterwards(port):
    yield
    headers, body = delivery()
    assert exchange(port, request(headers, body))[0] == 200


def delivery(name: str = "evt_good", now: float | None = None) -> tuple[list[bytes], bytes]:
    """Header lines and body of a genuine event."""
    headers, body = signed("stripe", {"id": name, "type": "t"}, secret=SECRET, now=now)
    return [f"{key}: {value}".encode() for key, value in headers.items()], body


def request(lines: list[bytes], body: bytes, *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [*lines, b"Content-Length: %d" % size] if size >= 0 else lines
    return b"\r\n".join([f"POST {PATH} HTTP/1.1".encode(), b"Host: x", *lines]) + b"\r\n\r\n" + body


def exchange(port: int, *parts: bytes, end: bool = False) -> tuple[int, str | None]:
    """Status, and reason or outcome, of the answer; 0 if the server hangs up without one.

    With `end` nothing more comes from our side after them.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has answered already, and reads no further
        try:
            answer = connection.makefile("rb")
            status = answer.readline().split()
            length = 0
            while (line := answer.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = answer.read(length)
        except OSError:
            return 0, None
    if not status:
        return 0, None
    data = json.loads(body) if body.startswith(b"{") else {}
    return int(status[1]), data.get("reason", data.get("outcome"))


def signature(lines: list[bytes]) -> bytes:
    return next(line for line in lines if line.lower().startswith(b"stripe-signature"))


def without(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if line != signature(lines)]


def test_a_missing_signature(port):
    lines, body = delivery()
    assert exchange(port, request(without(lines), body)) == (401, "missing_signature")


def test_a_doubled_signature(port):
    lines, body = delivery()
    assert exchange(port, request([*lines, signature(lines)], body)) == (401, "doubled_header")


def test_a_signature_that_is_not_ascii(port):
    lines, body = delivery()
    spoilt = signature(lines).replace(b"v1=", b"v1=\xe9\xff")
    status, reason = exchange(port, request([*without(lines), spoilt], body))
    assert (status, reason) in {(401, "malformed_signature"), (401, "signature_mismatch")}


@pytest.mark.parametrize(("away", "reason"), [(-YEAR, "stale"), (YEAR, "from_the_future")])
def test_a_time_a_year_away(port, away, reason):
    assert exchange(port, request(*delivery(now=time.time() + away))) == (401, reason)


def test_100_megabytes_announced(port):
    lines, _ = delivery()
    head = request(lines, b"", length=100 << 20)
    assert exchange(port, head) == (413, "body_too_large")


def test_100_megabytes_in_chunks(port):
    lines, _ = delivery()
    head = request([*lines, b"Transfer-Encoding: chunked"], b"", length=-1)
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    status, reason = exchange(port, head, *[chunk] * 100, b"0\r\n\r\n")
    # Whoever goes on sending may lose the answer with the connection (RFC 9112, 9.6).
    assert (status, reason) in {(413, "body_too_large"), (0, None)}


def test_a_chunked_body_is_accepted(port):
    lines, body = delivery("evt_chunked")
    head = request([*lines, b"Transfer-Encoding: chunked"], b"", length=-1)
    assert exchange(port, head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)) == (200, "accepted")


def test_a_chunked_body_cut_short_is_not_stored(port):
    lines, body = delivery("evt_cut")
    head = request([*lines, b"Transfer-Encoding: chunked"], b"", length=-1)
    status, _ = exchange(port, head, b"%x\r\n%s" % (len(body), body[:-5]), end=True)
    assert not 200 <= status < 300
    assert exchange(port, request(lines, body)) == (200, "accepted")


def test_a_body_shorter_than_announced_is_not_stored(port):
    lines, body = delivery("evt_short")
    status, _ = exchange(port, request(lines, body, length=len(body) + 10), end=True)
    assert not 200 <= status < 300
    assert exchange(port, request(lines, body)) == (200, "accepted")


def test_a_body_longer_than_announced_does_not_verify(port):
    lines, body = delivery()
    spoilt = request(lines, body, length=len(body) - 1)
    assert exchange(port, spoilt) == (401, "signature_mismatch")


def test_a_compressed_body(port):
    lines, body = delivery()
    assert exchange(port, request([*lines, b"Content-Encoding: gzip"], body)) == (
        415,
        "encoded_body",
    )


def test_too_many_headers(port):
    lines, body = delivery()
    padding = [b"X-Padding-%d: %s" % (n, b"x" * 3000) for n in range(12)]
    assert exchange(port, request([*lines, *padding], body)) == (400, "headers_too_large")


def test_bytes_that_are_not_http(port):
    assert exchange(port, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", end=True)[0] in {0, 400}


def test_a_missing_secret_stops_the_first_delivery(tmp_path):
    env = {key: value for key, value in os.environ.items() if key != "STRIPE_WEBHOOK_SECRET"}
    done = subprocess.run(
        COMMAND,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode not in (0, 1)
    assert "STRIPE_WEBHOOK_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
