"""The code that a recipe writes: the way to the receiver, an application, a test's client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from noctule.codegen.python.naming import dotted
from noctule.codegen.python.service.mode import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.emitter.module import Block, Imports
    from noctule.project.frameworks import Framework


@dataclass(frozen=True)
class ServedWebhooks:
    """The statements of a test's fixture, and expressions for what they lead to."""

    application: str
    receiver: str
    statements: Sequence[str] = ()
    patches: bool = False
    """Whether the statements use `monkeypatch`."""


class FrameworkRecipe(ABC):
    """The code of one framework; its facts are in `framework`."""

    framework: ClassVar[Framework]
    variables: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Environment variables of a generated application -> the message that describes each."""

    @property
    def mode(self) -> Mode:
        """Whether the generated code awaits."""
        return Mode(asynchronous=self.framework.asynchronous)

    def mount(self, webhooks: Webhooks) -> str:
        """How to mount the webhook module: a sentence for its docstring."""
        lines = [*self.framework.mount_lines(dotted(webhooks.module)), *self.framework.start[1:]]
        statements = " and ".join(f"`{line}`" for line in lines[1:]).replace('"', "'")
        return f"Mount it with {statements}."

    @abstractmethod
    def setup(self, webhooks: Webhooks, imports: Imports) -> Sequence[Block]:
        """The blocks that pass requests to `receiver`, which the module defines before them."""

    @abstractmethod
    def app(self, webhooks: Webhooks | None, imports: Imports) -> Sequence[Block]:
        """The application of a project that has none."""

    @abstractmethod
    def serve(self, webhooks: Webhooks, imports: Imports) -> ServedWebhooks:
        """How a test gets an application that serves the webhook module."""


def both_slashes(endpoint: str) -> tuple[str, str]:
    """The path without and with a slash at its end: a sender follows no redirect."""
    bare = endpoint.rstrip("/")
    return bare, f"{bare}/"


def module_name(webhooks: Webhooks) -> tuple[str, str]:
    """Package and name of the webhook module."""
    parent, _, name = dotted(webhooks.module).rpartition(".")
    return parent, name
