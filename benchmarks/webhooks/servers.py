"""One server of the comparison, in a process of its own.

`noctule` is the intake as `noctule webhooks serve` runs it; PLACE is a file or a PostgreSQL
address. `peer` is what people write by hand: FastAPI on uvicorn, Stripe's `construct_event`, which
builds an object tree, and asyncpg into JSONB. `peer-fast` does what noctule does and no more: hmac
and one `json.loads` on granian, and asyncpg into a text column. `log` verifies as noctule does and
appends to a file with one fdatasync for those that came together: no store that answers after the
disk can be faster. `empty` answers at once: the server alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading

SECRET = "whsec_" + "b7" * 16
PATH = "/api/webhooks/stripe"


async def noctule(port: int, place: str) -> None:
    from noctule.webhooks import Inbox, Receiver
    from noctule.webhooks.receiving.serving.router import WebhookRouter

    os.environ["STRIPE_WEBHOOK_SECRET"] = SECRET
    inbox = Inbox(place)
    receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"], inbox=inbox, work=False)
    site = WebhookRouter({PATH: receiver})
    async with site.lifespan():
        await granian(site, port)


async def granian(app: object, port: int) -> None:
    from noctule.webhooks.receiving.serving.server import Site, serve

    await serve(Site(app, "127.0.0.1", port))


async def peer(port: int, place: str) -> None:
    import json
    from contextlib import asynccontextmanager

    import asyncpg
    import stripe
    import uvicorn
    from fastapi import FastAPI, HTTPException, Request

    @asynccontextmanager
    async def lifespan(app):
        app.state.pool = await asyncpg.create_pool(place, min_size=8, max_size=8)
        async with app.state.pool.acquire() as db:
            await db.execute(
                "CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, type TEXT, body JSONB)"
            )
        yield
        await app.state.pool.close()

    app = FastAPI(lifespan=lifespan)

    async def take(request):
        body = await request.body()
        try:
            event = stripe.Webhook.construct_event(
                body, request.headers["stripe-signature"], SECRET
            )
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise HTTPException(400) from error
        await app.state.pool.execute(
            "INSERT INTO event VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            event["id"],
            event["type"],
            json.dumps(json.loads(body)),
        )
        return {"ok": True}

    take.__annotations__["request"] = Request  # as if it were imported at the top of the file
    app.post(PATH)(take)
    config = uvicorn.Config(app, port=port, log_level="warning", ws="none", access_log=False)
    await uvicorn.Server(config).serve()


async def read(receive) -> bytes:
    """The whole body of an ASGI call."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def peer_fast(port: int, place: str) -> None:
    import hmac
    import json
    import time

    import asyncpg

    from noctule.webhooks.receiving import asgi

    pool = await asyncpg.create_pool(place, min_size=8, max_size=8)
    await pool.execute(
        "CREATE TABLE IF NOT EXISTS event_text (id TEXT PRIMARY KEY, type TEXT, body TEXT)"
    )

    def genuine(header: str, body: bytes) -> bool:
        parts = dict(part.split("=", 1) for part in header.split(","))
        mac = hmac.digest(SECRET.encode(), parts["t"].encode() + b"." + body, "sha256").hex()
        return hmac.compare_digest(mac, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        body = await read(receive)
        if not genuine(headers.get(b"stripe-signature", b"t=0,v1=").decode(), body):
            await asgi.send_text(send, 400, "text/plain", b"no")
            return
        event = json.loads(body)
        insert = "INSERT INTO event_text VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await pool.execute(insert, event["id"], event["type"], body.decode())
        await asgi.send_text(send, 200, "application/json", b'{"ok": true}')

    await granian(app, port)
    await pool.close()


class Log:
    """Appends what waits, then one fdatasync, then everyone's answer."""

    def __init__(self, place: str) -> None:
        self.file = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.waiting: list[tuple[bytes, asyncio.Future]] = []
        self.ready = threading.Condition()
        self.loop = asyncio.get_running_loop()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            with self.ready:
                self.ready.wait_for(lambda: self.waiting)
                group, self.waiting = self.waiting, []
            os.write(self.file, b"".join(body for body, _ in group))
            os.fdatasync(self.file)
            self.loop.call_soon_threadsafe(self.tell, group)

    @staticmethod
    def tell(group) -> None:
        for _, future in group:
            future.set_result(None)

    def put(self, body: bytes) -> asyncio.Future:
        future = self.loop.create_future()
        with self.ready:
            self.waiting.append((body, future))
            self.ready.notify()
        return future


async def log(port: int, place: str) -> None:
    import time

    from noctule.webhooks import WebhookRequest, scheme_of, verify
    from noctule.webhooks.receiving import asgi
    from noctule.webhooks.verification.classify import items

    file, scheme = Log(place), scheme_of("stripe")

    async def app(scope, receive, send):
        body = await read(receive)
        url = asgi.url_of(scope)
        verified = verify(
            scheme,
            WebhookRequest(scope["method"], url, scope["headers"], body),
            [SECRET],
            time.time(),
        )
        items(verified)
        await file.put(body)
        await asgi.send_text(send, 200, "text/plain", b"ok")

    await granian(app, port)


async def empty(port: int, place: str) -> None:  # noqa: ARG001  (called as the others are)
    from noctule.webhooks.receiving import asgi

    async def app(_scope, receive, send):
        await read(receive)
        await asgi.send_text(send, 200, "text/plain", b"ok")

    await granian(app, port)


SERVERS = {
    "noctule": noctule,
    "peer": peer,
    "peer-fast": peer_fast,
    "log": log,
    "empty": empty,
}


def main() -> None:
    from noctule.webhooks.receiving.serving.server import run

    command_line = argparse.ArgumentParser(description=__doc__)
    command_line.add_argument("kind", choices=SERVERS)
    command_line.add_argument("port", type=int)
    command_line.add_argument("place")
    options = command_line.parse_args()
    run(SERVERS[options.kind](options.port, options.place))


if __name__ == "__main__":
    main()
