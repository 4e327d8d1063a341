"""What the parts of a test file share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from noctule.codegen.python.naming import python_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.codegen.model.integration import Integration, Method, Wrapper
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
        base_url = self.wrapper.example_url(self.wrapper.base_url)
        return (base_url or ORIGIN + self.wrapper.base_path).rstrip("/")

    @property
    def addresses(self) -> Mapping[str, str]:
        """Servers that the document does not say where to find, for the tests."""
        unknown = [name for name, url in self.wrapper.servers.items() if not url]
        return {name: f"https://server-{number}.test" for number, name in enumerate(unknown, 1)}

    def url_of(self, method: Method) -> str:
        """Where a method's requests go that has a server of its own."""
        url = self.addresses.get(method.server) or self.wrapper.servers[method.server]
        return urljoin(self.origin, self.wrapper.example_url(url)).rstrip("/")
