"""From a task to the texts of its files: a model without a language, and the target's writer."""

from noctule.codegen.render import render
from noctule.codegen.targets import Target, target_of

__all__ = ["Target", "render", "target_of"]
