"""One async service in several event loops: one after the other, and at once in threads."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from noctule.runtime import (
    JSON,
    NoAuth,
    OAuth2ClientCredentials,
    Operation,
    Policies,
    ProviderStates,
    Service,
    ServiceConfig,
    env,
)
from support.echo_server import EchoServer

READ = Operation("read", "GET", "/get/{n}", returns=JSON)
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def service(url: str, **settings: Any) -> Service:
    settings = {"auth": NoAuth(), **settings}
    config = ServiceConfig(name="echo", base_url=url, **settings)
    service_type: Any = type("Echo", (Service,), {"config": config})
    made: Service = service_type(provider_states=ProviderStates())
    return made


async def many(api: Service, calls: int = 8) -> Counter[str]:
    """How the calls ended: the type of each error, or whether the answer was its own."""

    async def one(n: int) -> str:
        try:
            answer = await api.call(READ, path={"n": n})
        except Exception as error:
            return repr(error)
        return "right" if answer["path"] == f"/get/{n}" else "wrong"

    return Counter(await asyncio.gather(*(one(n) for n in range(calls))))


def closed_by_hand(work: Coroutine[Any, Any, Any]) -> Any:
    """A loop that ends without a word to what runs in it."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


@pytest.mark.parametrize("run", [asyncio.run, closed_by_hand, uvloop.run])
def test_one_loop_after_the_other(run: Run) -> None:
    with EchoServer() as server:
        api = service(server.url)
        for _ in range(6):
            assert run(many(api)) == {"right": 8}
        run(api.aclose())
        del api
        gc.collect()  # what was not closed would warn now
        assert all(server.closed.acquire(timeout=10) for _ in server.connections_of("/get"))


@pytest.mark.parametrize("run", [asyncio.run, closed_by_hand, uvloop.run])
def test_several_loops_at_once(run: Run) -> None:
    """They share the permits: a call of one loop wakes the next one, which may be in another."""
    with EchoServer() as server:
        policies = Policies(max_concurrency=5, concurrency_timeout=60, deadline=60, timeout=30)
        api = service(server.url, policies=policies)
        results: list[Counter[str]] = []
        threads = [
            threading.Thread(target=lambda: results.append(run(many(api, 80)))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [{"right": 80}] * 3
        run(api.aclose())


def test_loops_take_turns_and_keep_their_connections() -> None:
    with EchoServer() as server:
        api = service(server.url)
        loops = [asyncio.new_event_loop() for _ in range(2)]
        for _ in range(3):
            for loop in loops:
                assert loop.run_until_complete(many(api, 1)) == {"right": 1}
        assert len(server.connections_of("/get")) == 2
        loops[0].run_until_complete(api.aclose())
        assert server.closed.acquire(timeout=10)
        loops[1].run_until_complete(asyncio.sleep(0.01))  # its own connections are closed here
        assert server.closed.acquire(timeout=10)
        for loop in loops:
            loop.close()


def test_a_service_that_was_forgotten_leaves_no_connection() -> None:
    async def main() -> None:
        for _ in range(3):
            assert await many(service(server.url), 1) == {"right": 1}
        gc.collect()
        assert await asyncio.to_thread(server.closed.acquire, timeout=10)

    with EchoServer() as server:
        asyncio.run(main())
        assert all(server.closed.acquire(timeout=10) for _ in range(2))


def test_loops_share_the_renewal_of_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_ID", "client-of-a-test")
    monkeypatch.setenv("CLIENT_SECRET", "secret-of-a-test")
    with EchoServer(hangs=1) as server:
        auth = OAuth2ClientCredentials(
            f"{server.url}/token", env("CLIENT_ID"), env("CLIENT_SECRET")
        )
        api = service(server.url, auth=auth)
        results: list[Counter[str]] = []
        threads = [
            threading.Thread(target=lambda: results.append(asyncio.run(many(api, 3))))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        assert server.arrived.acquire(timeout=10)
        server.release.set()
        for thread in threads:
            thread.join()
        assert results == [{"right": 3}] * 3
        assert sum(path == "/token" for _, path, _ in server.requests) == 1
