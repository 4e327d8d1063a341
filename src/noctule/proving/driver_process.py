"""The driver's process: it runs in the user's project and answers one JSON line per command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from noctule.problem import Exit, Problem
from noctule.project.interpreter import environment_of

if TYPE_CHECKING:
    from collections.abc import Mapping

START_LIMIT = 30.0
"""Seconds for the user's modules to be imported."""
MAX_LINE = 1 << 20
OUTPUT_QUOTED = 400
"""Characters of the driver's output that a Problem quotes."""


class Hung(Exception):
    """The driver did not answer in time; its process was ended."""


class DriverProcess:
    """`async with DriverProcess(...) as driver: await driver.ask({...}, limit=5)`.

    The user's project is the driver's working folder; its inbox and its output are temporary
    files elsewhere.
    """

    def __init__(
        self,
        driver: tuple[str, ...],
        python: Path,
        project: Path,
        variables: Mapping[str, str],
    ) -> None:
        self._driver = driver
        self._python = python
        self._project = project
        self._variables = variables
        self._process: asyncio.subprocess.Process | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="noctule-prove-")
        self._output = Path(self._folder.name) / "output.txt"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._end()
        self._folder.cleanup()

    async def ask(self, command: dict[str, Any], *, limit: float) -> dict[str, Any]:
        """The driver's answer. Raises Hung after `limit` real seconds, and Problem when the user's
        code cannot be imported or called, or when the driver's process ends."""
        if self._process is None:
            await self._start()
            await self._load(command)
        return await self._answer({**command, "load": False}, limit)

    async def _load(self, command: dict[str, Any]) -> None:
        """Import the user's code, outside the time limit of the command."""
        try:
            await self._answer({**command, "load": True}, START_LIMIT)
        except Hung as error:
            raise Problem(
                "proving.import",
                exit=Exit.FINDINGS,
                place=command["module"],
                cause=f"TimeoutError: {START_LIMIT:.0f} s",
                python=str(self._python),
            ) from error

    async def _answer(self, command: dict[str, Any], limit: float) -> dict[str, Any]:
        answer = await self._exchange(command, limit)
        if "failed" in answer:
            raise Problem(
                f"proving.{answer['failed']}",
                exit=Exit.FINDINGS,
                place=answer["place"],
                cause=answer["cause"],
                python=str(self._python),
            )
        return answer

    def output(self) -> str:
        """Everything that the driver's process has printed and logged so far."""
        with contextlib.suppress(FileNotFoundError):
            return self._output.read_text(encoding="utf-8", errors="replace")
        return ""

    async def _start(self) -> None:
        with self._output.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    str(self._python),
                    *self._driver,
                    cwd=self._project,
                    env=self._environment(),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=output,
                    limit=MAX_LINE,
                )
            except OSError as error:
                place = str(self._python)
                raise Problem(
                    "proving.no_python", exit=Exit.OUTSIDE, place=place, cause=error.strerror
                ) from error

    async def _exchange(self, command: dict[str, Any], limit: float) -> dict[str, Any]:
        try:
            line = await asyncio.wait_for(self._send(json.dumps(command)), limit)
        except TimeoutError as error:
            await self._end()
            raise Hung(command["do"]) from error
        except ConnectionError:
            line = b""
        if not line:
            raise await self._died()
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _send(self, text: str) -> bytes:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return b""
        process.stdin.write(f"{text}\n".encode())
        await process.stdin.drain()
        return await process.stdout.readline()

    async def _died(self) -> Problem:
        await self._end()
        text = self.output()
        if "No module named noctule" in text or "No module named 'noctule" in text:
            return Problem("proving.no_noctule", exit=Exit.OUTSIDE, place=str(self._python))
        lines = text.strip()[-OUTPUT_QUOTED:].splitlines()[-1:]
        return Problem(
            "proving.died",
            exit=Exit.FINDINGS,
            place=str(self._project),
            cause=lines[0] if lines else "",
            python=str(self._python),
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _environment(self) -> dict[str, str]:
        """The user's environment with throwaway credentials, a temporary inbox and no proxy."""
        own = {name for variable in self._variables for name in (variable, f"{variable}_FILE")}
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in own and not name.lower().endswith("_proxy")
        }
        return {
            **environment_of(self._project, environment),
            **self._variables,
            "PYTHONUNBUFFERED": "1",
            "NOCTULE_INBOX": str(Path(self._folder.name) / "inbox.sqlite3"),
        }
