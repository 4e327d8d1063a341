"""What FastAPI and a plain receiver have in common: an event loop, and tests without a socket."""

from __future__ import annotations

from noctule.codegen.python.webhooks.recipes.base import HOST, FrameworkRecipe


class AsgiRecipe(FrameworkRecipe):
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
