"""A relay between wrappers and the fake provider that keeps what passed, as Python's own HTTP
server and client read it: nothing of noctule's stands between the wire and the record."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.runtime.transport.http import SyncHttpTransport
from support.http_body import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.request import Request, Response

Headers = list[tuple[str, str]]
HOP = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@dataclass(frozen=True)
class Exchange:
    method: str
    url: str
    """As it would have gone to the provider, spelt as on the wire."""
    headers: Headers = field(repr=False)
    body: bytes
    status: int
    answer_headers: Headers
    answer: bytes


class Relay(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fake: str, host_header: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fake, self.host_header = urlsplit(fake), host_header
        self.seen: list[Exchange] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Relay

    def _any(self) -> None:
        _, target, _ = self.requestline.split(" ", 2)
        _, scheme, host, path = target.split("/", 3)
        url = f"{scheme}://{host}/{path}"
        headers = [(name, value) for name, value in self.headers.items()
                   if name.lower() not in HOP]  # fmt: skip
        body = body_of(self)
        status, answer_headers, answer = self._answered(f"/{path}", host, headers, body)
        self.server.seen.append(
            Exchange(self.command, url, headers, body, status, answer_headers, answer)
        )
        self.send_response_only(status)
        for name, value in answer_headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815 - http.server's
    do_OPTIONS = do_TRACE = _any  # noqa: N815

    def _answered(
        self, target: str, host: str, headers: Headers, body: bytes
    ) -> tuple[int, Headers, bytes]:
        fake = HTTPConnection("127.0.0.1", self.server.fake.port or 80, timeout=30)
        try:
            fake.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in (*headers, ("Host", host), (self.server.host_header, host)):
                fake.putheader(name, value)
            if body or self.command in ("POST", "PUT", "PATCH"):
                fake.putheader("Content-Length", str(len(body)))
            fake.endheaders(body or None)
            answer = fake.getresponse()
            kept = [(name, value) for name, value in answer.getheaders()
                    if name.lower() not in HOP]  # fmt: skip
            return answer.status, kept, answer.read()
        except (HTTPException, OSError) as error:
            return 502, [("Content-Type", "text/plain")], str(error).encode()
        finally:
            fake.close()

    def log_message(self, *_: object) -> None:
        pass


class ToRelay(SyncHttpTransport):
    """The default transport, which speaks to the relay and tells it the host."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def send(self, request: Request) -> Response:
        request.url = f"http://127.0.0.1:{self._port}/{request.url.replace('://', '/', 1)}"
        return super().send(request)


@contextmanager
def relaying(fake: str, host_header: str) -> Iterator[Relay]:
    """To the fake provider at this address."""
    with Relay(fake, host_header) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
