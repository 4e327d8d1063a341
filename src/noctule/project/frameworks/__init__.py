"""The frameworks that noctule generates for, each with all its facts in one module.

To add one: a module here with its facts, a module in `codegen/python/webhooks/recipes` with the
code that it generates, and a line in each of the two registries.
"""

from noctule.problem import Exit, Problem
from noctule.project.frameworks.base import Framework, module_of
from noctule.project.frameworks.django import DJANGO
from noctule.project.frameworks.fastapi import FASTAPI
from noctule.project.frameworks.flask import FLASK
from noctule.project.frameworks.plain import PLAIN

FRAMEWORKS: dict[str, Framework] = {
    framework.id: framework for framework in (FASTAPI, FLASK, DJANGO, PLAIN)
}
"""By id; the first one that a project shows signs of is the project's."""
DEFAULT = FASTAPI
"""For a project that shows no sign of any."""


def framework_of(target: str) -> Framework:
    """The framework of a task's `target`, the default for "". Raises `Problem` (exit 2)."""
    framework = FRAMEWORKS.get(target or DEFAULT.id)
    if framework is None:
        names = ", ".join(FRAMEWORKS)
        raise Problem("project.target_unknown", exit=Exit.USAGE, place=target, targets=names)
    return framework


__all__ = ["DEFAULT", "FRAMEWORKS", "Framework", "framework_of", "module_of"]
