"""A provider that answers each request with its own path, so that a mixed-up answer is seen."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path


class EchoServer:
    """`with EchoServer() as server`: GET and POST. `requests` are (connection, path, headers).

    The first `hangs` requests are answered when `release` is set. `certificate`: it speaks TLS.
    """

    def __init__(self, certificate: Path | None = None, *, hangs: int = 0) -> None:
        self.hangs = hangs
        self.requests: list[tuple[int, str, dict[str, str]]] = []
        self.arrived = threading.Semaphore(0)
        """Released once per request that hangs."""
        self.release = threading.Event()
        self.closed = threading.Semaphore(0)
        """Released once per connection that has ended."""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://localhost:{self._server.server_port}"

    def connections_of(self, mark: str) -> set[int]:
        """The connections on which requests arrived whose path contains `mark`."""
        return {connection for connection, path, _ in self.requests if mark in path}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none."""


def _handler(echo: EchoServer) -> type[BaseHTTPRequestHandler]:
    numbers = iter(range(1 << 30))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.number = next(numbers)

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            self.rfile.read(length)
            echo.requests.append((self.number, self.path, dict(self.headers)))
            if echo.hangs > 0:
                echo.hangs -= 1
                echo.arrived.release()
                echo.release.wait()
            token = {"access_token": "token-of-a-test", "expires_in": 3600}
            body = json.dumps({"path": self.path, **(token if "/token" in self.path else {})})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            """Not in the output of tests."""

        def finish(self) -> None:
            super().finish()
            self.connection.close()
            echo.closed.release()

    return Handler


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
