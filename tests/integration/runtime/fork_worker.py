"""A program that uses one service before and after a fork; run by test_fork.py.

    fork_worker.py URL KIND WAY [CA]

KIND is sync or async, WAY how it forks. The path of each request names who sent it: `parent` or
`child-0` … Prints, as JSON, the answers that were another process's, and the errors.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import multiprocessing
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from noctule.runtime import (
    Bearer,
    Model,
    Operation,
    Service,
    ServiceConfig,
    SyncService,
    Tls,
    env,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CHILDREN, CALLS = 4, 40
os.environ["ECHO_KEY"] = "key-of-a-test"


class Echo(Model):
    path: str


READ = Operation("read", "GET", "/get/{who}/{n}", returns=Echo)


def make(kind: str, url: str, ca: str | None) -> Any:
    base: Any = SyncService if kind == "sync" else Service
    tls = Tls(ca_file=ca) if ca else None
    config = ServiceConfig(name="echo", base_url=url, auth=Bearer(env("ECHO_KEY")), tls=tls)
    return type("EchoService", (base,), {"config": config})()


SERVICE: Any = None
LOOP = asyncio.new_event_loop()
"""The parent's, which lives on while the children run."""


def call(who: str, calls: int = CALLS) -> dict[str, int]:
    """How many answers were wrong, and the errors, by their text."""
    counts = {"wrong": 0}

    def note(n: int, answer: object) -> None:
        if isinstance(answer, BaseException):
            text = f"{type(answer).__name__}: {answer}"
            counts[text] = counts.get(text, 0) + 1
        elif getattr(answer, "path", "") != f"/get/{who}/{n}":
            counts["wrong"] += 1

    async def all_of_them() -> None:
        for n in range(calls):
            try:
                note(n, await SERVICE.call(READ, path={"who": who, "n": n}))
            except Exception as error:
                note(n, error)

    if isinstance(SERVICE, Service):
        if who == "parent":
            LOOP.run_until_complete(all_of_them())
        else:
            asyncio.run(all_of_them())
        return counts
    for n in range(calls):
        try:
            note(n, SERVICE.call(READ, path={"who": who, "n": n}))
        except Exception as error:
            note(n, error)
    return counts


def forked(fork: Callable[[], int]) -> list[dict[str, int]]:
    pipes = []
    for number in range(CHILDREN):
        reading, writing = os.pipe()
        if fork() == 0:
            os.write(writing, json.dumps(call(f"child-{number}")).encode())
            os._exit(0)
        os.close(writing)
        pipes.append(reading)
    results = []
    for reading in pipes:
        with os.fdopen(reading, "rb") as pipe:
            results.append(json.load(pipe))
        os.wait()
    return results


def pooled(method: str, arguments: tuple[Any, ...]) -> list[dict[str, int]]:
    context = multiprocessing.get_context(method)
    with context.Pool(CHILDREN, start, arguments, maxtasksperchild=1) as pool:
        jobs = [pool.apply_async(call, (f"child-{n}",)) for n in range(CHILDREN)]
        return [job.get() for job in jobs]


def start(kind: str, url: str, ca: str | None) -> None:
    """A process that was not forked has no service yet."""
    global SERVICE
    SERVICE = SERVICE or make(kind, url, ca)


def main(url: str, kind: str, way: str, ca: str | None = None) -> None:
    start(kind, url, ca)
    before = call("parent", 1)
    if way == "os.fork":
        results = forked(os.fork)
    elif way == "fork in C":
        results = forked(ctypes.PyDLL(None).fork)
    elif way == "fork in a thread":
        with ThreadPoolExecutor(1) as pool:
            results = pool.submit(forked, os.fork).result()
    else:
        results = pooled(way, (kind, url, ca))
    after = call("parent", 3)
    print(json.dumps([before, *results, after]))


if __name__ == "__main__":
    main(*sys.argv[1:])
