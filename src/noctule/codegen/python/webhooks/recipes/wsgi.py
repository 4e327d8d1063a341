"""What Django and Flask have in common: threads, which hand deliveries to the receiver's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.webhooks.recipes.base import HOST, FrameworkRecipe

if TYPE_CHECKING:
    from noctule.codegen.python.emitter.module import Imports


class WsgiRecipe(FrameworkRecipe):
    drain = "inbox.drain()"
    live = (
        "    with client:",
        "        yield Sender(client, key.signing)",
        "    inbox.close()",
    )

    @staticmethod
    def inbox(imports: Imports) -> Block:
        imports.use("noctule.webhooks", "SyncReceiver")
        return Block(("inbox = SyncReceiver(receiver)",))

    @staticmethod
    def client(app: str) -> list[str]:
        return [
            f"    transport = httpx2.WSGITransport(app={app})",
            f'    client = httpx2.Client(transport=transport, base_url="{HOST}")',
        ]
