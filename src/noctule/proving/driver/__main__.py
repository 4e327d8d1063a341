"""`python -m noctule.proving.driver`: the loop over commands."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from noctule.proving.driver.modules import NotLoaded, service_class

if TYPE_CHECKING:
    from noctule.proving.driver.calls import Caller
    from noctule.proving.driver.deliveries import WebhookModule


def main() -> None:
    answers = _separate_stdout()
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    driver = Driver()
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            try:
                answer = runner.run(driver.run(json.loads(line)))
            except NotLoaded as error:
                traceback.print_exc()
                answer = {"failed": error.kind, "place": error.place, "cause": error.cause}
            sys.stderr.flush()
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


class Driver:
    """Keeps imported modules from one command to the next. Imports as little as it can: a proof
    spends most of its time on imports."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._routes: dict[str, WebhookModule] = {}

    async def run(self, command: dict[str, Any]) -> dict[str, Any]:
        path = command["module"]
        if command["do"] == "call":
            caller = self._caller(path)
            return {} if command["load"] else await caller.call(command)
        route = self._route(path)
        return {} if command["load"] else await route.deliver(command)

    def _caller(self, path: str) -> Caller:
        from noctule.proving.driver.calls import Caller

        if path not in self._callers:
            self._callers[path] = Caller(service_class(path))
        return self._callers[path]

    def _route(self, path: str) -> WebhookModule:
        from noctule.proving.driver.deliveries import WebhookModule

        if path not in self._routes:
            self._routes[path] = WebhookModule(path)
        return self._routes[path]


def _separate_stdout() -> TextIO:
    """The real standard output; what others write to it goes to standard error from now on."""
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stdout


if __name__ == "__main__":
    main()
