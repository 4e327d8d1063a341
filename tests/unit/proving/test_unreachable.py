"""Code under proof cannot reach the provider, with whatever client."""

import asyncio
import socket
from collections.abc import Iterator

import httpx2
import pytest

from noctule.proving.driver import unreachable


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A real server that stands for the provider, under the name `localhost`."""
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    monkeypatch.setattr(unreachable, "_HOSTS", set())
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_no_client_reaches_a_host_that_is_out_of_bounds(port: int) -> None:
    socket.create_connection(("localhost", port)).close()
    unreachable.make_unreachable({"LocalHost"})
    for name in ("localhost", "LOCALHOST.", b"localhost"):
        with pytest.raises(socket.gaierror):
            socket.create_connection((name, port))
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://localhost:{port}/")
    with pytest.raises(OSError, match="a proof sends nothing"):
        asyncio.run(asyncio.open_connection("localhost", port))


def test_other_hosts_stay_reachable(port: int) -> None:
    unreachable.make_unreachable({"api.acme.test", ""})
    socket.create_connection(("localhost", port)).close()
    socket.create_connection(("127.0.0.1", port)).close()
