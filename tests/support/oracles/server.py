"""A server on the loopback network that answers everything and keeps what came, to the byte."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from support.http_body import body_of
from support.oracles.calls import Sent, meaningful

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterator

TOKEN = {"access_token": "secret", "token_type": "Bearer", "expires_in": 3600}
ANSWER = {
    **TOKEN, "id": "x", "object": "list", "ok": True, "data": [], "results": [], "has_more": False,
    "type": "file", "entries": [],
}  # fmt: skip


class Loopback(ThreadingHTTPServer):
    """`seen` grows with each request; `answer` is what the next ones get."""

    daemon_threads = True

    def __init__(self, context: Callable[[], ssl.SSLContext] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Sent] = []
        self.answer: Any = None
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context is not None and connection.recv(1, 2) == b"\x16":  # MSG_PEEK: a handshake
            connection = self._context().wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Loopback

    def _any(self) -> None:
        _, target, _ = self.requestline.split(" ", 2)
        headers = meaningful(dict(self.headers.items()))
        self.server.seen.append(Sent(self.command, target, headers, body_of(self)))
        told = TOKEN if "token" in target else ANSWER
        answer = json.dumps(told if self.server.answer is None else self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815 - http.server's

    def log_message(self, *_: Any) -> None:
        """Quietly."""


@contextmanager
def loopback(context: Callable[[], ssl.SSLContext] | None = None) -> Iterator[Loopback]:
    with Loopback(context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
