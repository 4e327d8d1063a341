"""Every operation of five providers under every kind of answer, with secrets planted everywhere.

The whole API of each document is generated, imported, and called over loopback: credentials in
the environment, a token and a card number in every argument, an idempotency key, and a provider
that quotes all it was told in whatever it answers. Searched for each of them, as it is, in base64
and percent-encoded: all logs at DEBUG (ours, httpx2's, httpcore2's, asyncio's), events, spans,
results, errors, tracebacks, and the reprs of what a program holds.

Searched as well are the locals of each frame, which some error trackers print: of all frames but
the caller's own, and those of the generated method, which are called with these arguments.
Exits 1 if a secret is found.

Takes five minutes. Needs the providers' whole documents in ../shared/specs, and OpenTelemetry.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from inspect import isfunction
from itertools import cycle
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

from benchmarks.codegen.generate import generate
from benchmarks.runtime.filling import Filling
from benchmarks.runtime.quoting import FAULTS, Case, Quoting
from benchmarks.runtime.searching import (
    CARD,
    CREDENTIALS,
    KEY,
    TOKEN,
    Search,
    Spans,
    all_logs,
    quoted,
    shown_locals,
)
from benchmarks.shared import SPECS, MissingError, Table, parser, report, started
from noctule.runtime import (
    Backoff,
    CallOptions,
    Model,
    Operation,
    Policies,
    RetryLimits,
    Service,
    ServiceError,
)
from noctule.runtime.call.tracing import Tracing
from noctule.runtime.transport.stream import AsyncStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

PROVIDERS = ("stripe", "github", "slack", "twilio", "sendgrid")

PATIENT = Policies(
    breaker=None,
    retry_budget=None,
    max_concurrency=None,
    retry=RetryLimits(attempts=2, backoff=Backoff(base=0.001)),
)
"""So that no failure keeps the next call from being made."""

SOON = 0.02
"""Seconds until we give up on a provider that is silent."""


NOTE = (
    f"Kinds of answer: {', '.join(FAULTS)}. Planted: the provider's credentials, a token, a card"
    " number and an idempotency key, in arguments, headers and bodies, and quoted in the answers."
    " Searched: every logger at DEBUG, events, spans, typed results, errors, tracebacks, the reprs"
    " of what a program holds, and the locals of all frames but those of the caller and of the"
    " generated method, which hold their arguments. Not searched: results that are plain JSON, text"
    " or bytes, since they are the answer."
)


@dataclass
class Run:
    """One provider's wrapper, being called."""

    search: Search
    server: Quoting
    key: str | None
    """The idempotency key of every call, if the provider takes one."""
    outcomes: Counter[str] = field(default_factory=Counter[str])
    strange: Counter[str] = field(default_factory=Counter[str])
    """What no caller expects: an exception that is no `ServiceError`."""
    calls: int = 0
    quoted: int = 0
    """Requests that carried the card number, the token and a credential."""

    async def method(self, resource: object, name: str) -> None:
        """One method under all faults at once."""
        function = getattr(type(resource), name)
        hints = get_type_hints(function)
        hints.pop("options", None)
        await asyncio.gather(*(self._call(resource, function, hints, fault) for fault in FAULTS))
        self.quoted += sum(self._quotes(request) for request in self.server.requests)
        self.server.requests.clear()

    def _quotes(self, request: bytes) -> bool:
        text = request.decode()
        return TOKEN in text and any(
            quoted(text, credential) for credential in self.search.credentials
        )

    async def _call(
        self, resource: object, function: Callable[..., Any], hints: dict[str, Any], fault: str
    ) -> None:
        arguments, options = self._planted(dict(hints), fault)
        self.calls += 1
        try:
            async with (
                AsyncExitStack() as stack,
                asyncio.timeout(SOON if fault == "cancelled" else None),
            ):
                result = function(resource, **arguments, options=options)
                if isinstance(result, AbstractAsyncContextManager):
                    self._searched(await stack.enter_async_context(result))
                else:
                    self._searched(await result)
        except (ServiceError, TimeoutError) as error:
            self._failed(error)
        except Exception as error:
            self.strange[f"{fault}: {type(error).__name__}: {error}"[:160]] += 1

    def _planted(self, hints: dict[str, Any], fault: str) -> tuple[dict[str, Any], CallOptions]:
        """Arguments full of secrets, and options that make the provider fail so."""
        answer = Filling(cycle([CARD, TOKEN, *self.search.credentials]), int(CARD), answer=True)
        kind = hints.pop("return")
        body = answer.unfit(kind) if fault == "unfit" else answer.value(kind)
        options = CallOptions(
            timeout=SOON if fault == "silence" else None,
            max_response_bytes=16 if fault == "too large" else None,
            idempotency_key=self.key,
            headers={"X-Case": str(self.server.add(Case(fault, body))), "X-Partner-Token": TOKEN},
        )
        planted = Filling(cycle([CARD, TOKEN]), int(CARD))
        return {name: planted.value(hint) for name, hint in hints.items()}, options

    def _searched(self, result: object) -> None:
        self.outcomes["returned"] += 1
        if isinstance(result, Model | AsyncStream):
            self.search.read("result", f"{result!r} {result}")

    def _failed(self, error: ServiceError | TimeoutError) -> None:
        self.outcomes[type(error).__name__] += 1
        facts = {k: v for k, v in vars(error).items() if k != "idempotency_key"}
        self.search.read("error", f"{error!r} {error} {error.args} {facts}")
        self.search.read("traceback", "".join(traceback.format_exception(error)))
        self.search.read("locals", "".join(shown_locals(error, __file__)))


def methods(service: Service) -> Iterator[tuple[object, str]]:
    """Each method that makes a call; those that page repeat one of the others."""
    wrapper = type(service).__mro__[1]
    parts = [name for name, member in vars(wrapper).items() if isinstance(member, cached_property)]
    for resource in [service, *(getattr(service, name) for name in parts)]:
        for name, function in vars(wrapper if resource is service else type(resource)).items():
            if isfunction(function) and not name.startswith("_"):
                kind = get_origin(get_type_hints(function)["return"])
                if kind is not AsyncIterator:
                    yield resource, name


def operations(module: ModuleType) -> dict[int, Operation[Any]]:
    path = getattr(module, "__path__", ())
    inside = [import_module(item.name) for item in walk_packages(path, f"{module.__name__}.")]
    members = [member for item in (module, *inside) for member in vars(item).values()]
    return {id(member): member for member in members if isinstance(member, Operation)}


async def call_all(kind: type[Service], search: Search, wanted: dict[int, Any]) -> Run:
    """All methods of the wrapper, one after the other, each under all faults at once."""

    class Watched(kind):  # type: ignore[valid-type, misc]
        config = replace(kind.config, policies=PATIENT)

        async def call(self, operation: Any, **arguments: Any) -> Any:
            wanted.pop(id(operation), None)
            return await super().call(operation, **arguments)

    async with Quoting() as server:
        service = Watched(
            base_url=f"http://127.0.0.1:{server.port}/v1",
            on_event=lambda event: search.read("event", repr(event)),
        )
        service._tracing = Tracing(Spans(search), "planted")
        run = Run(search, server, KEY if service.config.idempotency_header else None)
        for resource, name in methods(service):
            await run.method(resource, name)
        holders = [service, service.config, *vars(service).values()]
        for thing in [*holders, *map(vars, (service._transport, service._builder))]:
            search.read("held", f"{thing!r} {thing}")
        await service.aclose()
    return run


def searched(provider: str) -> dict[str, Any]:
    """The figures of the wrapper of `provider` that can be imported from here."""
    import opentelemetry.trace  # imported, the runtime uses it

    assert opentelemetry.trace
    search = Search(provider)
    module = import_module(f"app.services.{provider}_service")
    every = operations(module)
    wanted = dict(every)
    (kind,) = (
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Service) and member is not Service
    )
    with all_logs(search):
        run = asyncio.run(call_all(kind, search, wanted))
    return {
        "operations": len(every),
        "not called": len(wanted),
        "calls": run.calls,
        "requests with secrets": run.quoted,
        "strange": dict(run.strange),
        "outcomes": dict(run.outcomes),
        "texts": dict(search.texts),
        "hits": dict(search.hits),
    }


def measured(folder: str, provider: str, pipe: Any) -> None:
    """In a process of its own: each has its own secrets, its own modules called `app`."""
    os.environ.update(CREDENTIALS)
    sys.path.insert(0, folder)
    pipe.send(searched(provider))


def figures_of(provider: str) -> dict[str, Any]:
    """The whole API of the provider, generated, called and searched."""
    document = SPECS / f"{provider}.json"
    if not document.exists():
        raise MissingError(f"{document} is not there: leaks needs whole documents of providers")
    with tempfile.TemporaryDirectory() as folder:
        generate(str(document), Path(folder))
        process, pipe = started(measured, folder, provider)
        figures: dict[str, Any] = pipe.recv()
        process.join()
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("runtime.leaks", __doc__)
    command_line.add_argument("providers", nargs="*", default=PROVIDERS, help=", ".join(PROVIDERS))
    options = command_line.parse_args(arguments)
    if unknown := set(options.providers) - set(PROVIDERS):
        command_line.error(f"unknown provider: {', '.join(sorted(unknown))}")
    rows: list[tuple[str | int | float, ...]] = []
    leaks = Counter[str]()
    for provider in options.providers:
        figures = figures_of(provider)
        leaks.update(figures["hits"])
        for strange, times in figures["strange"].items():
            print(f"{provider}: {times} times {strange}")
        called = f"{figures['operations'] - figures['not called']} of {figures['operations']}"
        texts, hits = (sum(figures[key].values()) for key in ("texts", "hits"))
        rows.append((provider, called, figures["calls"], texts, hits))
    head = ("", "operations", f"calls, {len(FAULTS)} kinds of answer", "texts searched", "hits")
    report(options, Table("Secrets told: whole-API clients", head, rows, NOTE))
    return int(leaks.total() > 0)
