"""No framework: the receiver is the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.naming import dotted
from noctule.codegen.python.webhooks.recipes.base import (
    FrameworkRecipe,
    ServedWebhooks,
    module_name,
)
from noctule.project.frameworks.plain import PLAIN

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.emitter.module import Imports


class PlainRecipe(FrameworkRecipe):
    framework = PLAIN

    def mount(self, webhooks: Webhooks) -> str:
        command = self.framework.run.format(handler=dotted(webhooks.module))
        return f"It is an ASGI application: `{command}`, or mount it at `{webhooks.endpoint}`."

    def setup(self, webhooks: Webhooks, imports: Imports) -> list[Block]:
        del webhooks, imports
        return []

    def app(self, webhooks: Webhooks | None, imports: Imports) -> list[Block]:
        if webhooks is None:
            return []
        return [Block((f"app = {imports.use(*module_name(webhooks))}.receiver",))]

    def serve(self, webhooks: Webhooks, imports: Imports) -> ServedWebhooks:
        receiver = imports.use(webhooks.module, "receiver")
        return ServedWebhooks(receiver, receiver)
