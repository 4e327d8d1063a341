"""The application, where the project has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.source import Block, Imports, module

if TYPE_CHECKING:
    from noctule.codegen.form import Webhooks


def app_module(webhooks: Webhooks | None, package: str) -> str:
    imports = Imports(package)
    imports.use("fastapi", "FastAPI")
    lines = ["app = FastAPI()"]
    if webhooks is not None:
        parent, _, name = webhooks.module.rpartition(".")
        imports.use(parent, name)
        lines.append(f"app.include_router({name}.router)")
    return module(["The application."], imports, [Block(tuple(lines))])
