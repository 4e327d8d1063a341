"""Posts webhook deliveries to the user's route and records what reaches a handler.

The bodies of the user's handlers do not run: a sample event must not send mail or place orders.
The proof covers everything up to the handlers.
"""

from __future__ import annotations

import functools
import traceback
from base64 import b64decode
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from inspect import getattr_static
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from noctule.proving.driver.modules import NotLoaded, import_path
from noctule.sandbox.http.webhook_sender import post
from noctule.webhooks import Receiver
from noctule.webhooks.testing import KeyPair, publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.webhooks import Event


@dataclass(slots=True)
class HandlerWatch:
    """The events that reached handlers of the module, in order."""

    handled: list[Event] = field(default_factory=list["Event"])
    handlers: int = 0


class WebhookModule:
    """The user's webhook module, imported once, with its handlers replaced by recorders."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.watch = HandlerWatch()
        with patch.object(Receiver, "on", _watched_registration(self.watch)):
            members = list(vars(import_path(path)).values())
        receivers = [value for value in members if issubclass(type(value), Receiver)]
        self._receivers = list(dict.fromkeys(receivers))
        routers = [value for value in members if _is_application(value)]
        if not routers and not self._receivers:
            raise NotLoaded("no_route", path)
        self._app = (routers or self._receivers)[0]

    async def deliver(self, command: dict[str, Any]) -> dict[str, Any]:
        """Post each delivery in turn, then let the workers finish."""
        self.watch.handled.clear()
        for receiver in self._receivers:
            # The made-up key is the published one: nothing is fetched from the provider.
            publish(receiver.scheme, KeyPair("", "", command["published"].encode()))
        async with AsyncExitStack() as stack:
            await self._start(stack)
            statuses = [await self._post(delivery) for delivery in command["deliveries"]]
            for receiver in self._receivers:
                await receiver.drain()
        return {
            "statuses": statuses,
            "handled": [{"type": event.type, "id": event.id} for event in self.watch.handled],
            "watched": self.watch.handlers > 0,
        }

    async def _start(self, stack: AsyncExitStack) -> None:
        try:
            for receiver in self._receivers:
                await stack.enter_async_context(receiver.lifespan())
        except Exception as error:
            raise NotLoaded("no_start", self.path, f"{type(error).__name__}: {error}") from error

    async def _post(self, delivery: dict[str, Any]) -> int:
        """The status; 500 when the application raises, as a server would answer."""
        body = b64decode(delivery["body"])
        try:
            status, _ = await post(self._app, delivery["url"], delivery["headers"], body)
        except Exception:
            traceback.print_exc()
            return 500
        return status


def _is_application(value: Any) -> bool:
    """Whether it is an ASGI router or application, recognised by its routes. Proxies that only
    work during a request (Flask's `request`) are not touched."""
    if issubclass(type(value), type) or getattr_static(value, "routes", None) is None:
        return False
    return callable(value)


def _watched_registration(watch: HandlerWatch) -> Callable[..., Any]:
    """`Receiver.on`, with each handler replaced by one that only records the event."""
    register = Receiver.on

    def on(receiver: Receiver, *types: str) -> Callable[[Any], Any]:
        add = register(receiver, *types)

        def record(handler: Any) -> Any:
            @functools.wraps(handler)
            async def watched(event: Event) -> None:
                watch.handled.append(event)

            watch.handlers += 1
            return add(watched)

        return record

    return on
