"""FastAPI: the receiver is a route, and its lifespan the router's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.line_breaks import collection, joined, lay_out
from noctule.codegen.python.emitter.literals import string
from noctule.codegen.python.emitter.module import Block, Imports
from noctule.codegen.python.webhooks.recipes.base import (
    FrameworkRecipe,
    ServedWebhooks,
    both_slashes,
    module_name,
)
from noctule.project.frameworks.fastapi import FASTAPI

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks


class FastApiRecipe(FrameworkRecipe):
    framework = FASTAPI

    def setup(self, webhooks: Webhooks, imports: Imports) -> list[Block]:
        imports.use("fastapi", "APIRouter")
        imports.use("starlette.routing", "Route")
        paths = collection("(", map(string, both_slashes(webhooks.endpoint)), ")")
        return [Block((
            "router = APIRouter(lifespan=receiver.lifespan)",
            *lay_out(joined("for path in ", paths, ":")),
            '    router.routes.append(Route(path, receiver, methods=["POST"]))',
        ))]  # fmt: skip

    def app(self, webhooks: Webhooks | None, imports: Imports) -> list[Block]:
        imports.use("fastapi", "FastAPI")
        lines = ["app = FastAPI()"]
        if webhooks is not None:
            lines.append(f"app.include_router({imports.use(*module_name(webhooks))}.router)")
        return [Block(tuple(lines))]

    def serve(self, webhooks: Webhooks, imports: Imports) -> ServedWebhooks:
        imports.use("fastapi", "FastAPI")
        for name in ("receiver", "router"):
            imports.use(webhooks.module, name)
        statements = ("    app = FastAPI()", "    app.include_router(router)")
        return ServedWebhooks("app", "receiver", statements)
