"""The application that the tests of this folder run in a process of its own.

    python hook_app.py

A FastAPI application with one route. It prints the port, then the id of each event handled.
"""

from __future__ import annotations

import asyncio
import sys

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from noctule.webhooks import Event, Receiver

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])


@receiver.on("*")
def handle(event: Event) -> None:
    sys.stdout.write(f"{event.id}\n")
    sys.stdout.flush()


router = APIRouter(lifespan=receiver.lifespan)
router.routes.append(Route("/api/webhooks/stripe", receiver, methods=["POST"]))
app = FastAPI()
app.include_router(router)


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    config = server.config
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    if server.should_exit:
        sys.exit(3)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    with server.capture_signals():  # SIGTERM ends the lifespan, which settles running handlers
        await server.main_loop()
        await server.shutdown()


asyncio.run(main())
