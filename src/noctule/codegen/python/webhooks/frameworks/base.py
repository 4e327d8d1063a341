"""What a framework has to say: how webhooks come in, what an application is, how tests reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.emitter.module import Block, Imports
    from noctule.codegen.python.service.mode import Mode

HOST = "http://test"
"""Where the generated tests reach the application."""


class Framework(Protocol):
    @property
    def mode(self) -> Mode:
        """Whether its code awaits, by habit."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables of the application it makes -> message that describes each."""
        ...

    def mount(self, webhooks: Webhooks) -> str:
        """How an application takes the webhook module in; a sentence for its docstring."""
        ...

    def setup(self, webhooks: Webhooks, imports: Imports) -> Sequence[Block]:
        """What leads deliveries to `receiver`, which the module has already."""
        ...

    def app(self, webhooks: Webhooks | None, imports: Imports) -> Sequence[Block]:
        """The application of a project that has none."""
        ...

    def serve(self, webhooks: Webhooks, imports: Imports) -> Sequence[str]:
        """Statements of a test's fixture that make `client`, an httpx2 client of the module."""
        ...

    @property
    def live(self) -> Sequence[str]:
        """The rest of the fixture: `yield Sender(client, ...)` while the receiver runs."""
        ...

    @property
    def drain(self) -> str:
        """The statement that waits for the handlers."""
        ...


def module_name(webhooks: Webhooks) -> tuple[str, str]:
    """Package and name of the webhook module."""
    parent, _, name = webhooks.module.rpartition(".")
    return parent, name
