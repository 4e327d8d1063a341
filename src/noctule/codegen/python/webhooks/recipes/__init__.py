"""The code that is generated for each framework: one module each."""

from noctule.codegen.python.webhooks.recipes.base import FrameworkRecipe
from noctule.codegen.python.webhooks.recipes.django import DjangoRecipe
from noctule.codegen.python.webhooks.recipes.fastapi import FastApiRecipe
from noctule.codegen.python.webhooks.recipes.flask import FlaskRecipe
from noctule.codegen.python.webhooks.recipes.plain import PlainRecipe

RECIPES: dict[str, FrameworkRecipe] = {
    recipe.framework.id: recipe
    for recipe in (FastApiRecipe(), FlaskRecipe(), DjangoRecipe(), PlainRecipe())
}
"""By the id of the framework in `project.frameworks`."""

__all__ = ["RECIPES", "FrameworkRecipe"]
