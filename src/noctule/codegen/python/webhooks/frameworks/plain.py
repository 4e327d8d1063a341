"""No framework: the receiver is the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.webhooks.frameworks.asgi import Asgi
from noctule.codegen.python.webhooks.frameworks.base import module_name

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.emitter.module import Imports


class Plain(Asgi):
    def mount(self, webhooks: Webhooks) -> str:
        served = f"`uvicorn {webhooks.module}:receiver`"
        return f"It is an ASGI application: {served}, or mount it at `{webhooks.endpoint}`."

    def setup(self, webhooks: Webhooks, imports: Imports) -> list[Block]:
        del webhooks, imports
        return []

    def app(self, webhooks: Webhooks | None, imports: Imports) -> list[Block]:
        if webhooks is None:
            return []
        return [Block((f"app = {imports.use(*module_name(webhooks))}.receiver",))]

    def serve(self, webhooks: Webhooks, imports: Imports) -> list[str]:
        del webhooks, imports
        return self.client("receiver")
