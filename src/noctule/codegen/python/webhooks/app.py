"""The application module of a project that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Imports, module

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe


def app_module(webhooks: Webhooks | None, package: str, recipe: FrameworkRecipe) -> str:
    """Its source, with the webhook module mounted; `package` is the project's own package."""
    imports = Imports(package)
    return module(["The application."], imports, recipe.app(webhooks, imports))
