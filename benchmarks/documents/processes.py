"""One process per document, forked from a warm parent, so that time and memory are its own."""

from __future__ import annotations

import multiprocessing as mp
import time
import traceback
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORK = mp.get_context("fork")

Work = "Callable[[Path], dict[str, Any]]"


def each(
    paths: Iterable[Path], work: Callable[[Path], dict[str, Any]], *, jobs: int, limit: float
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What `work` says of each path, as it ends; a process beyond `limit` seconds is stopped."""
    waiting = list(reversed([*paths]))
    live: dict[Connection, tuple[Path, Any, float]] = {}
    while waiting or live:
        while waiting and len(live) < jobs:
            path = waiting.pop()
            receiver, sender = FORK.Pipe(duplex=False)
            process = FORK.Process(target=child, args=(work, path, sender), daemon=True)
            process.start()
            sender.close()
            live[receiver] = (path, process, time.monotonic() + limit)
        soonest = min(until for _, _, until in live.values())
        ready = wait(list(live), timeout=max(soonest - time.monotonic(), 0))
        late = [receiver for receiver, (_, _, until) in live.items() if until <= time.monotonic()]
        for receiver in {*ready, *late}:
            path, process, _ = live.pop(receiver)  # type: ignore[index]
            yield path, answer(receiver, process, limit)  # type: ignore[arg-type]


def answer(receiver: Connection, process: Any, limit: float) -> dict[str, Any]:
    try:
        if not receiver.poll():
            process.kill()
            return {"outcome": "hung", "reason": f"no end after {limit:.0f} s"}
        row: dict[str, Any] = receiver.recv()
    except EOFError:
        process.join()
        return {"outcome": "crashed", "reason": f"exit code {process.exitcode}"}
    finally:
        process.join()
        receiver.close()
    return row


def child(work: Callable[[Path], dict[str, Any]], path: Path, sender: Connection) -> None:
    try:
        row = work(path)
    except BaseException as error:  # a crash is what this looks for
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        row = {"outcome": "crashed", "reason": f"{type(error).__name__} at {where}: {error}"[:300]}
    sender.send(row)
