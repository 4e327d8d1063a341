"""No framework: the webhook receiver is the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.project.frameworks.base import Framework

if TYPE_CHECKING:
    from pathlib import Path


class Plain(Framework):
    """An ASGI application with nothing to mount it in."""

    def run_command(self, root: Path, app: str, variable: str, handler: str) -> str:
        del root, app, variable
        return self.run.format(handler=handler) if handler else ""


PLAIN = Plain(
    id="plain",
    name="ASGI",
    always_has_app=False,
    run="uvicorn {handler}:receiver",
)
