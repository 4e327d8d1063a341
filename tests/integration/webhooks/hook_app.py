"""The application that the tests of this folder run in a process of its own.

    python hook_app.py PORT_FILE EFFECTS_FILE

A FastAPI application with one route; its handler appends each event's id to EFFECTS_FILE.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from noctule.webhooks import Event, Receiver

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])
effects = Path(sys.argv[2])


@receiver.on("*")
def add_rejection(event: Event) -> None:
    with effects.open("ab", buffering=0) as file:
        file.write(f"{event.id}\n".encode())


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
    port = server.servers[0].sockets[0].getsockname()[1]
    ready = Path(sys.argv[1])
    ready.with_suffix(".tmp").write_text(str(port))
    os.replace(ready.with_suffix(".tmp"), ready)  # noqa: PTH105
    await server.main_loop()
    await server.shutdown()


asyncio.run(main())
