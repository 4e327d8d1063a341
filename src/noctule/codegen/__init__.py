"""From a task to the texts of its files: a model without a language, and the target's writer."""

from noctule.codegen.python.merge import merge_module
from noctule.codegen.render import render

MERGES = {".py": merge_module}
"""File suffix -> the merge of its language, for the project's workspace."""

__all__ = ["MERGES", "render"]
