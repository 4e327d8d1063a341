"""What FastAPI and a plain receiver have in common: an event loop, and tests without a socket."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from noctule.codegen.python.service.mode import Mode
from noctule.codegen.python.webhooks.frameworks.base import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping


class Asgi:
    variables: Mapping[str, str] = MappingProxyType({})
    mode = Mode(asynchronous=True)
    drain = "await receiver.drain()"
    live = (
        "    async with receiver.lifespan(), client:",
        "        yield Sender(client, key.signing)",
    )

    @staticmethod
    def client(app: str) -> list[str]:
        return [
            f"    transport = httpx2.ASGITransport(app={app})",
            f'    client = httpx2.AsyncClient(transport=transport, base_url="{HOST}")',
        ]
