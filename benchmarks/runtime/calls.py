"""CPU and time of one typed call over loopback, beside bare httpx2 and the vendors' SDKs.

The server is a process of its own and answers from memory. Rounds are interleaved in a random
order; the figure is the median over rounds of CPU time per call, and its ratio to bare httpx2 in
the same round. Stripe's SDK uses its httpx client, which is not its default for synchronous calls.

Takes two minutes. Needs the group `bench` for the SDKs; those that are missing are left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.shared import Table, parser, report, started
from noctule.runtime import (
    Bearer,
    Model,
    Operation,
    Policies,
    Service,
    ServiceConfig,
    SyncService,
    env,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

BODY = {
    "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "object": "payment_intent",
    "amount": 2000,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "currency": "eur",
    "created": 1680800504,
    "metadata": {f"key_{n}": "value" * 8 for n in range(20)},
    "payment_method_types": ["card", "link"],
    "status": "requires_payment_method",
    "livemode": False,
    "customer": None,
}
KEY = "sk_test_0123456789abcdefghij"


class PaymentIntent(Model):
    id: str
    amount: int
    currency: str
    status: str
    created: int
    metadata: dict[str, str]
    payment_method_types: list[str]
    customer: str | None = None


RETRIEVE = Operation(
    "retrieve_payment_intent", "GET", "/v1/payment_intents/{intent}", returns=PaymentIntent
)


def serve(pipe: Any) -> None:
    content = json.dumps(BODY).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    answer = head.encode() + b"\r\nRequest-Id: req_1\r\n\r\n" + content

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.data = transport, b""

        def data_received(self, data: bytes) -> None:
            self.data += data
            while b"\r\n\r\n" in self.data:
                self.data = self.data.partition(b"\r\n\r\n")[2]
                self.transport.write(answer)

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(listen())


def config(url: str) -> ServiceConfig:
    return ServiceConfig(
        name="stripe",
        base_url=url,
        auth=Bearer(env("STRIPE_SECRET_KEY")),
        policies=Policies(),
        request_id_header="Request-Id",
    )


def sync_subjects(url: str) -> dict[str, Callable[[], object]]:
    import httpx2

    service: Any = type("Stripe", (SyncService,), {"config": config(url)})
    ours = service()
    bare = httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    subjects: dict[str, Callable[[], object]] = {
        "httpx2, bare": lambda: bare.get("/v1/payment_intents/pi_1").json(),
        "noctule": lambda: ours.call(RETRIEVE, path={"intent": "pi_1"}),
    }
    try:
        import httpx
        import stripe

        http = stripe.HTTPXClient(timeout=10, allow_sync_methods=True)
        vendor = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=http)
        subjects["stripe (httpx)"] = lambda: vendor.v1.payment_intents.retrieve("pi_1")
        assert httpx
    except ImportError:
        pass
    try:
        import openai

        client = openai.OpenAI(api_key=KEY, base_url=url + "/v1")
        subjects["openai (models.retrieve)"] = lambda: client.models.retrieve("pi_1")
    except ImportError:
        pass
    return subjects


def async_subjects(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    import httpx2

    service: Any = type("Stripe", (Service,), {"config": config(url)})
    ours = service()
    bare = httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)

    async def get() -> object:
        return (await bare.get("/v1/payment_intents/pi_1")).json()

    subjects: dict[str, Callable[[], Awaitable[object]]] = {
        "httpx2, bare": get,
        "noctule": lambda: ours.call(RETRIEVE, path={"intent": "pi_1"}),
    }
    try:
        import stripe

        http = stripe.HTTPXClient(timeout=10, allow_sync_methods=False)
        vendor = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=http)
        subjects["stripe (httpx)"] = lambda: vendor.v1.payment_intents.retrieve_async("pi_1")
    except ImportError:
        pass
    return subjects


def table(kind: str, rounds: dict[str, list[float]]) -> Table:
    rows: list[tuple[str | int | float, ...]] = []
    for subject, times in rounds.items():
        ratios = [t / b for t, b in zip(times, rounds["httpx2, bare"], strict=True)]
        rows.append((subject, round(median(times)), f"{median(ratios):.2f}x"))
    title = f"CPU of one typed call over loopback: {kind}"
    return Table(title, ("", "µs", "beside bare httpx2"), rows)


def run_sync(url: str, rounds: int, calls: int) -> Table:
    subjects = sync_subjects(url)
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for call in subjects.values():
        call()
    for _ in range(rounds):
        for name in random.sample(list(subjects), len(subjects)):
            start = time.process_time()
            for _ in range(calls):
                subjects[name]()
            times[name].append((time.process_time() - start) / calls * 1e6)
    return table("sync", times)


async def run_async(url: str, rounds: int, calls: int, at_once: int) -> Table:
    subjects = async_subjects(url)
    times: dict[str, list[float]] = {name: [] for name in subjects}

    async def worker(call: Callable[[], Awaitable[object]]) -> None:
        for _ in range(calls // at_once):
            await call()

    for call in subjects.values():
        await asyncio.gather(*(call() for _ in range(at_once)))
    for _ in range(rounds):
        for name in random.sample(list(subjects), len(subjects)):
            start = time.process_time()
            await asyncio.gather(*(worker(subjects[name]) for _ in range(at_once)))
            times[name].append((time.process_time() - start) / calls * 1e6)
    return table(f"async, {at_once} at a time", times)


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("runtime.calls", __doc__)
    command_line.add_argument("--rounds", type=int, default=15)
    options = command_line.parse_args(arguments)
    os.environ["STRIPE_SECRET_KEY"] = KEY
    server, pipe = started(serve)
    url = f"http://127.0.0.1:{pipe.recv()}"
    rounds = options.rounds
    try:
        report(
            options,
            run_sync(url, rounds, 100),
            asyncio.run(run_async(url, rounds, 100, 1)),
            asyncio.run(run_async(url, rounds, 500, 50)),
        )
    finally:
        server.terminate()
    return 0
