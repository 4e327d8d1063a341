"""What every method of a document's wrapper sends and is answered, one JSON line per exchange.

    python -m support.readings.capture DOCUMENT OUT [--pack NAME] [--operations N]

The whole API is generated and imported; each method is called over a socket, with its required
arguments and with all of them. Run in a process of its own: the modules stay loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
from base64 import b64encode
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from noctule import apidoc, providers
from noctule.checks.choices import Said
from noctule.codegen.build.build import build, path_of
from noctule.codegen.python.naming import PYTHON_NAMING
from noctule.codegen.render import render
from noctule.planning import plan
from noctule.project.frameworks import framework_of
from noctule.project.layout import Layout
from noctule.proving.credentials import throwaway
from noctule.proving.driver.modules import service_class
from noctule.runtime import CallOptions
from noctule.sandbox import FakeProvider
from noctule.sandbox.checks.address import ADDRESSED
from support.readings.arguments import calls_of
from support.readings.relay import Relay, ToRelay, relaying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.codegen.model.integration import Method
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack
    from support.readings.relay import Exchange

UNKNOWN_HOST = "https://unknown.example"
"""Where calls go whose document says no host."""


class Capture:
    """Calls the methods of one document's wrapper."""

    def __init__(self, document: ApiDocument, pack: Pack | None, operations: list[str]) -> None:
        layout = Layout(framework=framework_of("flask"))
        planning = partial(
            plan,
            "Integrate the whole API",
            layout=layout,
            document=document,
            operations=operations,
            accepted="a test",
        )
        made = planning()
        if made.question is not None:  # which server; any of them will do here
            made = planning(said=Said(server=made.question.choices[0].value))
        assert made.task is not None, made.question
        self.task: IntegrationTask = made.task
        self.pack = pack or made.pack
        self.document = document
        wrapper = build(self.task, document, self.pack, PYTHON_NAMING, asynchronous=False).wrapper
        self.methods = wrapper.methods
        self.module = path_of(self.task, "wrapper")

    def exchanges(self) -> Iterator[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            self._write(Path(folder))
            os.chdir(folder)
            os.environ |= throwaway(self.task, self.pack, None).variables
            service = service_class(self.module)
            yield from asyncio.run(self._all(service))
            os.chdir("/")

    def _write(self, root: Path) -> None:
        for file in render(self.task, self.document, self.pack):
            if file.role == "wrapper":
                path = root / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file.text, encoding="utf-8")

    async def _all(self, kind: type[Any]) -> list[dict[str, Any]]:
        async with FakeProvider(self.document, pack=self.pack) as fake:
            with relaying(fake.base_url, ADDRESSED) as relay:
                config = kind.config
                addresses: dict[str, Any] = {
                    "servers": {name: UNKNOWN_HOST for name, url in config.servers.items()
                                if not url}
                }  # fmt: skip
                if "://" not in config.base_url:
                    addresses["base_url"] = UNKNOWN_HOST + config.base_url
                addresses = {name: value for name, value in addresses.items() if value}
                service = kind(**addresses, transport=ToRelay(relay.server_port))
                calls = self._calls()
                return [line async for line in self._called(service, relay, fake, calls)]

    def _calls(self) -> Iterator[tuple[ApiOperation, Method, str, dict[str, Any]]]:
        planned = iter(self.task.methods)
        operation = self.document.operations[self.task.methods[0].operation]
        for method in self.methods:
            if not method.alternative:  # else the same operation, in another format
                operation = self.document.operations[next(planned).operation]
            for variant, arguments in calls_of(method, operation):
                yield operation, method, variant, arguments

    async def _called(
        self, service: Any, relay: Relay, fake: FakeProvider, calls: Iterable[Any]
    ) -> Any:
        for operation, method, variant, arguments in calls:
            path = {param.wire: str(arguments[param.name]) for param in method.params
                    if param.place == "path" and param.name in arguments}  # fmt: skip
            path |= {wire: os.environ[name] for place, wire, name in method.fixed
                     if place == "path"}  # fmt: skip
            fake.ensure(operation.key, path)
            relay.seen.clear()
            line = {"operation": operation.key, "call": variant}
            try:
                await asyncio.to_thread(
                    attrgetter(method.full_name)(service), **arguments,
                    options=CallOptions(attempts=1),
                )  # fmt: skip
            except Exception as error:
                line["raised"] = f"{type(error).__name__}: {error}"[:500]
            if relay.seen:
                line |= written(relay.seen[-1])
            yield line


def written(seen: Exchange) -> dict[str, Any]:
    return {
        "method": seen.method,
        "url": seen.url,
        "headers": seen.headers,
        "body": b64encode(seen.body).decode(),
        "answer": {
            "status": seen.status,
            "headers": seen.answer_headers,
            "body": b64encode(seen.answer).decode(),
        },
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document")
    parser.add_argument("out", type=Path)
    parser.add_argument("--pack", default="")
    parser.add_argument("--operations", type=int, default=0, help="so many, drawn; all by default")
    options = parser.parse_args(arguments)
    pack = providers.pack(options.pack) if options.pack else None
    document = apidoc.load(options.document)
    keys = sorted(document.operations)
    if options.operations:
        chance = random.Random(crc32(options.document.rpartition("/")[2].encode()))
        keys = sorted(chance.sample(keys, min(options.operations, len(keys))))
    capture = Capture(document, pack, keys)
    with options.out.open("w", encoding="utf-8") as out:
        for line in capture.exchanges():
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
