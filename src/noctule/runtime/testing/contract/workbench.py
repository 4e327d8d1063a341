"""A service on a scripted provider and a virtual clock, with placeholders as credentials."""

from __future__ import annotations

import asyncio
import base64
import inspect
import secrets
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from noctule.runtime.testing.clocks import VirtualClock
from noctule.runtime.testing.mock_provider import MockProvider, Received

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Mapping, Sequence

    from noctule.runtime.call.config import CallOptions
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.errors import ServiceError
    from noctule.runtime.testing.contract.example import (
        ExampleCall,
        SentCredentials,
        ServiceProfile,
    )

ISSUED_TOKEN = "issued"  # noqa: S105 - a placeholder
_TOKEN_ANSWER = {"access_token": ISSUED_TOKEN, "token_type": "Bearer", "expires_in": 3600}


@contextmanager
def workbench(profile: ServiceProfile) -> Generator[Workbench]:
    """A new service whose environment holds random credentials while the block runs."""
    names = (*profile.secrets, *profile.later_secrets)
    values = {name: _placeholder(name) for name in names}
    values |= {name: _hexadecimal(name) for name in profile.binary_secrets}
    with pytest.MonkeyPatch.context() as environment, asyncio.Runner() as runner:
        for name in profile.settings:
            environment.delenv(name, raising=False)
        for name, value in values.items():
            environment.setenv(name, value)
        yield Workbench(profile, values, runner)


class Workbench:
    """What a test of a contract works with.

    `provider` is scripted by the test, `clock` tells virtual seconds, `events` collects telemetry,
    `credentials` maps environment variables to their values in this test.
    """

    def __init__(
        self, profile: ServiceProfile, credentials: Mapping[str, str], runner: asyncio.Runner
    ) -> None:
        self.profile = profile
        self.credentials = credentials
        self._runner = runner
        self.clock = VirtualClock()
        self.provider = MockProvider(clock=self.clock)
        for path in profile.token_paths:
            route = f"POST {path}"
            self.provider.replies(json=_TOKEN_ANSWER, times=None, on=route)
        self.events: list[TelemetryEvent] = []
        self.service: Any = profile.service(
            transport=self.provider, clock=self.clock, on_event=self.events.append
        )

    @property
    def requests(self) -> list[Received]:
        """What the service sent, without requests for tokens."""
        paths = self.profile.token_paths
        return [request for request in self.provider.requests if request.path not in paths]

    @property
    def violations(self) -> int:
        """How often the service reported an answer that does not fit the model."""
        return sum(event.name == "contract_violation" for event in self.events)

    def succeed(self, example: ExampleCall[Any], headers: Mapping[str, str] | None = None) -> None:
        """Let the provider answer once as the example says."""
        if example.content is not None:
            self.provider.replies(example.status, content=example.content, headers=headers)
        else:
            self.provider.replies(example.status, json=example.answer, headers=headers)

    def call(self, example: ExampleCall[Any], options: CallOptions | None = None) -> Any:
        """The result of the call."""
        return self.run(example.call(self.service, options))

    def fail(
        self,
        example: ExampleCall[Any],
        error: type[ServiceError],
        options: CallOptions | None = None,
    ) -> ServiceError:
        """The error of the call, which must be an `error`."""
        with pytest.raises(error) as caught:
            self.call(example, options)
        return caught.value

    def run(self, value: object) -> Any:
        """`value`, awaited where it is an awaitable."""
        if not inspect.isawaitable(value):
            return value
        return self._runner.run(_awaited(value))

    def items(self, iterator: Any) -> list[Any]:
        """All items of an async or plain iterator."""
        return self.run(_gathered(iterator)) if hasattr(iterator, "__aiter__") else list(iterator)

    def pieces(self, opened: Any) -> list[bytes]:
        """All pieces of the stream that an async or plain context manager opens."""
        if hasattr(opened, "__aenter__"):
            return cast("list[bytes]", self.run(_streamed(opened)))
        with opened as stream:
            return list(stream)

    def filled(self, text: str) -> str:
        """`text` with the values of the environment variables that it names in braces."""
        for name, value in self.credentials.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def filled_json(self, value: Any) -> Any:
        """`value` with `filled` applied to its texts, at every depth."""
        if isinstance(value, str):
            return self.filled(value)
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value).items()
            return {key: self.filled_json(member) for key, member in members}
        if isinstance(value, list):
            return [self.filled_json(item) for item in cast("list[object]", value)]
        return value

    def filled_fields(self, fields: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
        """Names and values, sorted, with a repeated name once for each value."""
        pairs = [
            (name, self.filled(text))
            for name, texts in fields.items()
            for text in ([texts] if isinstance(texts, str) else texts)
        ]
        return sorted(pairs)

    def authorization(self, credentials: SentCredentials) -> str:
        """The Authorization header that these credentials make; "" for none."""
        text = self.filled(credentials.authorization)
        scheme, _, pair = text.partition(" ")
        if scheme != "Basic":
            return text
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@cache
def _placeholder(name: str) -> str:
    """A value for the environment variable, random in each test run."""
    return f"{name.lower()}-{secrets.token_hex(16)}"


@cache
def _hexadecimal(name: str) -> str:
    """Digits that Base64 may have as well."""
    del name
    return secrets.token_hex(32)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


async def _gathered(iterator: Any) -> list[Any]:
    return [item async for item in iterator]


async def _streamed(opened: Any) -> list[bytes]:
    async with opened as stream:
        return [piece async for piece in stream]
