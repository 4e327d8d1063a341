"""The application, where the project has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Imports, module

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe


def app_module(webhooks: Webhooks | None, package: str, framework: FrameworkRecipe) -> str:
    imports = Imports(package)
    return module(["The application."], imports, framework.app(webhooks, imports))
