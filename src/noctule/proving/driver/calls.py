"""Calls the wrapper's methods on a fast clock and reports how each call ended."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import os
import sys
import traceback
from dataclasses import replace
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from noctule.proving.driver.digest import digest
from noctule.proving.driver.modules import NotLoaded
from noctule.proving.driver.unreachable import make_unreachable
from noctule.runtime import ServiceError, SyncService
from noctule.runtime.call.server_variables import ServerVariables
from noctule.runtime.testing import FastClock
from noctule.runtime.testing.truth import untrue
from noctule.runtime.transport.http import HttpTransport, SyncHttpTransport

if TYPE_CHECKING:
    from noctule.runtime.request import Request, Response


MOST_ITEMS = 1000
"""Of a list in pages that does not end."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class WatchedClock(FastClock):
    """A fast clock that records every wait."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await super().sleep(seconds)

    def block(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().block(seconds)


class FakeAddress:
    """Where the fake provider is, and the header that tells it for whom a request was."""

    def __init__(self, base_url: str, host_header: str) -> None:
        self.base_url = base_url
        self._host_header = host_header

    def redirected(self, request: Request) -> Request:
        """`request`, to the fake provider."""
        fake, target = urlsplit(self.base_url), urlsplit(request.url)
        return replace(
            request,
            url=urlunsplit((fake.scheme, fake.netloc, *target[2:])),
            headers={**request.headers, self._host_header: f"{target.scheme}://{target.netloc}"},
        )


class RedirectingTransport(HttpTransport):
    """Sends every request to the fake provider, whatever its host, so that nothing leaves the
    machine."""

    def __init__(self, fake: FakeAddress, clock: FastClock) -> None:
        super().__init__(clock=clock)
        self._fake = fake

    async def asend(self, request: Request) -> Response:
        return await super().asend(self._fake.redirected(request))


class SyncRedirectingTransport(SyncHttpTransport):
    """`RedirectingTransport` for a `SyncService`."""

    def __init__(self, fake: FakeAddress, clock: FastClock) -> None:
        super().__init__(clock=clock)
        self._fake = fake

    def send(self, request: Request) -> Response:
        return super().send(self._fake.redirected(request))


class Caller:
    """Calls the methods of one service class."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self.name = kind.__name__

    async def call(self, command: dict[str, Any]) -> dict[str, Any]:
        """Call one method of a new service `times` times, each within `limit` real seconds."""
        clock = WatchedClock(command["speed"])
        fake = FakeAddress(command["base_url"], command["host_header"])
        service = self._service(fake, clock)
        try:
            method = attrgetter(command["method"])(service)
            if command["iterates"]:
                method = _collecting(method)
        except AttributeError as error:
            raise NotLoaded("no_method", self.name, command["method"]) from error
        arguments = _arguments(method, command)
        try:
            outcomes = [
                await _outcome(method, arguments, clock, command["limit"])
                for _ in range(command["times"])
            ]
        finally:
            await _closed(service)
        return {"outcomes": outcomes, "waits": clock.waits, "given": list(arguments)}

    def _service(self, fake: FakeAddress, clock: FastClock) -> Any:
        """The service with its own addresses; with the fake's where it has none."""
        sync = issubclass(self._kind, SyncService)
        transport = (SyncRedirectingTransport if sync else RedirectingTransport)(fake, clock)
        config = self._kind.config
        os.environ.pop(config.base_url_variable, None)
        make_unreachable(_hosts(config))
        host_known = "://" in config.base_url
        addresses: dict[str, Any] = {} if host_known else {"base_url": fake.base_url}
        if unknown := {name: fake.base_url for name, url in config.servers.items() if not url}:
            addresses["servers"] = unknown
        try:
            return self._kind(**addresses, transport=transport, clock=clock)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise NotLoaded("no_instance", self.name, cause) from error


def _hosts(config: Any) -> set[str]:
    """The provider's hosts, as they are with the variables of this process."""
    fill = ServerVariables(config.variables, {}).fill
    hosts: set[str] = set()
    for url in (config.base_url, *config.servers.values()):
        with contextlib.suppress(ServiceError):  # a server that nobody could call
            hosts.add(urlsplit(fill(url)).hostname or "")
    return hosts - LOOPBACK


def _collecting(method: Any) -> Any:
    """The method of an iterator, as one that returns the list of its items."""

    @functools.wraps(method)
    async def collected(**arguments: Any) -> list[Any]:
        iterator = method(**arguments)
        if hasattr(iterator, "__aiter__"):
            items: list[Any] = []
            async for item in iterator:
                items.append(item)
                if len(items) == MOST_ITEMS:
                    break
            return items
        return await asyncio.to_thread(lambda: list(islice(iterator, MOST_ITEMS)))

    return collected


def _arguments(method: Any, command: dict[str, Any]) -> dict[str, Any]:
    """The planned arguments that the method still takes; the user may have changed it."""
    parameters = inspect.signature(method).parameters
    arguments = {name: v for name, v in command["arguments"].items() if name in parameters}
    for name in command["binary"]:
        if name in arguments:
            arguments[name] = str(arguments[name]).encode()
    empty = inspect.Parameter.empty
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name, parameter in parameters.items():
        if parameter.default is empty and parameter.kind not in variadic and name not in arguments:
            raise NotLoaded("unknown_argument", command["method"], name)
    return arguments


async def _outcome(
    method: Any, arguments: dict[str, Any], clock: Any, limit: float
) -> dict[str, Any]:
    start = clock.monotonic()
    bound = asyncio.timeout(limit)
    try:
        async with bound:
            if inspect.iscoroutinefunction(method):
                value = await method(**arguments)
            else:
                value = await asyncio.to_thread(method, **arguments)
        outcome: dict[str, Any] = {"kind": "returned", "type": type(value).__name__}
        outcome["result"] = digest(value)
        outcome["untrue"] = list(islice(untrue(value), 5))
    except Exception as error:
        _show(error)
        outcome = {"kind": "hung", "type": ""} if bound.expired() else _raised(error)
    return {**outcome, "seconds": clock.monotonic() - start}


def _raised(error: Exception) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        "kind": "raised",
        "type": type(error).__name__,
        "family": [kind.__name__ for kind in type(error).__mro__],
        "typed": isinstance(error, ServiceError),
    }
    if isinstance(error, ServiceError):
        outcome["attempts"] = error.attempts
        outcome["safe_to_retry"] = error.safe_to_retry
        outcome["keyed"] = error.idempotency_key is not None
        outcome["messages"] = {
            "en": error.user_message(language="en"),
            "fr": error.user_message(language="fr"),
        }
    return outcome


def _show(error: Exception) -> None:
    """Print everything that an error would write to a log; the prover looks for secrets in it."""
    sys.stderr.write(f"{error!r}\n{error}\n")
    traceback.print_exception(error)


async def _closed(service: Any) -> None:
    with contextlib.suppress(Exception):
        if isinstance(service, SyncService):
            service.close()
        else:
            await service.aclose()
