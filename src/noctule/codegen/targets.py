"""What code can be generated for: a task's `target`, and all that belongs to its language.

A new language is a package beside `codegen/python` that ends in a `TargetLanguage`, and an entry of
`TARGETS` for each of its frameworks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from noctule.codegen.python.language import PYTHON
from noctule.project.frameworks import framework_of

if TYPE_CHECKING:
    from noctule.codegen.target_language import TargetLanguage


class FrameworkFacts(Protocol):
    """What every language needs to know about a framework."""

    @property
    def id(self) -> str: ...

    @property
    def asynchronous(self) -> bool:
        """Whether generated code awaits."""
        ...


@dataclass(frozen=True)
class Target:
    """A language, and one of the frameworks that code is written for in it."""

    language: TargetLanguage
    framework: FrameworkFacts


TARGETS: dict[str, Target] = {}
"""Targets by name, besides the Python frameworks of `project.frameworks`."""


def target_of(name: str) -> Target:
    """The target of a task, the default for "". Raises `Problem` (exit 2) for an unknown one."""
    return TARGETS.get(name) or Target(PYTHON, framework_of(name))
