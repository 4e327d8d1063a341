"""What Django and Flask share: threads that pass requests to the receiver's event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.webhooks.recipes.base import FrameworkRecipe

if TYPE_CHECKING:
    from noctule.codegen.python.emitter.module import Imports


class WsgiRecipe(FrameworkRecipe):
    @staticmethod
    def inbox(imports: Imports) -> Block:
        imports.use("noctule.webhooks", "SyncReceiver")
        return Block(("inbox = SyncReceiver(receiver)",))
