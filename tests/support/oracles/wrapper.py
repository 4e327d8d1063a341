"""The generated wrapper of a vendor's document, called over a socket."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

from noctule import apidoc
from noctule.checks.choices import Said
from noctule.codegen import render
from noctule.manifest import EnvVar
from noctule.planning import plan
from noctule.project.frameworks import framework_of
from noctule.project.layout import Layout
from noctule.runtime import CallOptions, InvalidResponse, OutcomeUnknown
from noctule.runtime.transport.http import SyncHttpTransport
from support.oracles.calls import Sent
from support.oracles.server import loopback
from support.oracles.steady import steady
from support.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.runtime.request import Request, Response
    from support.oracles.calls import Call, Vendor

GOLDEN = DATA / "bytes"


@dataclass(frozen=True)
class Spoken:
    sent: Sent
    result: Any
    """What the method returned."""


class Local(SyncHttpTransport):
    """The default transport; whatever the host, it speaks to this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def send(self, request: Request) -> Response:
        _, slash, target = request.url.partition("://")[2].partition("/")
        request.url = f"http://127.0.0.1:{self._port}{slash}{target}"
        return super().send(request)


def golden(name: str) -> list[Sent]:
    """What the SDK sent."""
    recorded = json.loads((GOLDEN / f"{name}.json").read_bytes())
    return [
        Sent(*one["request"].split(" ", 1), one["headers"], one["body"].encode())
        for one in recorded["requests"]
    ]


def requests_of(name: str, vendor: Vendor, source: Path | None = None) -> list[Spoken]:
    """What the wrapper sends for each call, and what it makes of the answer."""
    document = apidoc.load(str(source or GOLDEN / f"{name}.openapi.json"))
    operations = [call.operation for call in vendor.calls]
    layout = Layout(framework=framework_of("flask"))
    made = plan(vendor.provider or name.title(), layout=layout, document=document,
                operations=list(dict.fromkeys(operations)), accepted="a test",
                said=Said(server=vendor.server))  # fmt: skip
    assert made.task is not None, made.question
    if vendor.token:
        made.task.env_vars.append(EnvVar(name=vendor.token, description="API token", role="token"))
    named = {method.operation: method.name for method in made.task.methods}
    files = render(made.task, document, made.pack)
    module = ModuleType(f"oracle_{name}")
    sys.modules[module.__name__] = module  # stays: what is imported meanwhile must stay as well
    secrets = [v.name for v in made.task.env_vars if v.required]
    env = dict.fromkeys(secrets, "secret")
    assert vendor.env.keys() <= env.keys(), f"the task has the variables {', '.join(env)}"
    env |= vendor.env
    spoken = []
    with mock.patch.dict(os.environ, env), loopback() as server:
        exec(next(file.text for file in files if file.role == "wrapper"), vars(module))
        [kind] = [one for title, one in vars(module).items() if title.endswith("Service") and
                  title not in ("SyncService", "Service")]  # fmt: skip
        url = vendor.base_url or None
        with kind(transport=Local(server.server_port), base_url=url) as service:
            for call in vendor.calls:
                server.answer = call.answer
                result = _result(getattr(service, named[call.operation]), call)
                spoken.append(Spoken(steady(server.seen[-1]), result))
    return spoken


def _result(method: Callable[..., Any], call: Call) -> Any:
    """What the wrapper makes of the answer; None for the server's own, which fits no document."""
    once = CallOptions(attempts=1)
    if call.answer is not None:
        return method(**call.arguments, options=once)
    with suppress(InvalidResponse, OutcomeUnknown):
        return method(**call.arguments, options=once)
    return None
