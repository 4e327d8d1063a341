"""What the parts of a test file share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.codegen.python.naming import python_name

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Integration, Wrapper
    from noctule.codegen.python.emitter.module import Imports
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe

CONTRACT = "noctule.runtime.testing.contract"
LONGEST_ARGUMENT = 16
ORIGIN = "https://api.test"
"""Where a service sends its requests whose document names no address."""


@dataclass(frozen=True)
class FileContext:
    integration: Integration
    framework: FrameworkRecipe
    imports: Imports

    @property
    def wrapper(self) -> Wrapper:
        return self.integration.wrapper

    @property
    def argument(self) -> str:
        """What an example call names the service."""
        slug = python_name(self.wrapper.slug)
        fits = len(slug) <= LONGEST_ARGUMENT and slug not in ("options", "max_items")
        return slug if fits else "service"

    @property
    def origin(self) -> str:
        """Where the service sends its requests."""
        return (self.wrapper.base_url or ORIGIN).rstrip("/")
