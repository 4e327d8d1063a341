"""A program that forks while calls are in progress; run by test_fork.py.

    fork_state_worker.py URL FOLDER CASE

It prints `ready`, forks after a line on its input, and prints what child and parent saw, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from pathlib import Path
from typing import Any

from noctule.runtime import (
    JSON,
    CallOptions,
    OAuth2ClientCredentials,
    Operation,
    Outbox,
    Policies,
    ServiceConfig,
    ServiceError,
    SqliteOutboxStore,
    SyncService,
    TokenFile,
    env,
)
from noctule.runtime.auth import NoAuth
from noctule.runtime.fork import ForkSafeLock

os.environ |= {"CLIENT_ID": "client-of-a-test", "CLIENT_SECRET": "secret-of-a-test"}
READ = Operation("read", "GET", "/get/{n}", returns=JSON)
WRITE = Operation("write", "POST", "/keyed/{n}", returns=JSON, retry="with_key")
ONCE = CallOptions(attempts=1, timeout=20, concurrency_timeout=0.2)


def service(url: str, **settings: Any) -> SyncService:
    config = ServiceConfig(name="echo", base_url=url, **{"auth": NoAuth(), **settings})
    service_type: Any = type("Echo", (SyncService,), {"config": config})
    made: SyncService = service_type()
    return made


def result(api: SyncService, operation: Operation[Any] = READ) -> str:
    try:
        return str(api.call(operation, path={"n": os.getpid()}, options=ONCE)["path"])
    except ServiceError as error:
        return f"{type(error).__name__}: {error}"


def in_a_thread(function: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread


class Case:
    """`before` runs in the parent, `child` in the child, then `after` in the parent."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def before(self) -> None:
        """Nothing."""

    def child(self) -> object:
        raise NotImplementedError

    def after(self) -> object:
        return None


class Permits(Case):
    """All permits belong to calls of the parent."""

    def before(self) -> None:
        self.api = service(self.url, policies=Policies(max_concurrency=2))
        self.threads = [in_a_thread(result, self.api) for _ in range(2)]

    def child(self) -> object:
        return result(self.api)


class Tokens(Case):
    """The parent is fetching a token, and holds the lock of the token file."""

    def before(self) -> None:
        self.store = TokenFile(self.folder / "token.json")
        auth = OAuth2ClientCredentials(
            f"{self.url}/token", env("CLIENT_ID"), env("CLIENT_SECRET"), store=self.store
        )
        self.api = service(self.url, auth=auth)
        self.thread = in_a_thread(result, self.api)

    def child(self) -> object:
        return result(self.api)

    def after(self) -> object:
        return result(self.api)


class FileLocks(Case):
    """The lock ends with the parent's `release`, although a child lives on."""

    def before(self) -> None:
        self.store = TokenFile(self.folder / "token.json")
        self.lock = self.store.lock()

    def child(self) -> object:
        return self.store.lock() is None

    def after(self) -> object:
        assert self.lock is not None
        held, waits = os.pipe()
        if os.fork() == 0:
            os.close(waits)
            os.read(held, 1)
            os._exit(0)
        self.lock.release()
        free = self.store.lock() is not None
        os.close(waits)
        return free


class Outboxes(Case):
    """SQLite: a connection is never used by two processes."""

    def before(self) -> None:
        self.store = SqliteOutboxStore(self.folder / "outbox.db")
        self.api = service("http://127.0.0.1:1", idempotency_header="Idempotency-Key")
        self.put()

    def put(self) -> None:
        self.api.call(WRITE, path={"n": 1}, fallback=Outbox(self.store), options=ONCE)

    def child(self) -> object:
        for _ in range(20):
            self.put()
        return "put"

    def after(self) -> object:
        self.put()
        taken = 0
        while self.store.take("echo", 1e12, 1e12) is not None:
            taken += 1
        return taken


class Chance(Case):
    """Keys and jitter."""

    def before(self) -> None:
        self.api = service(self.url, idempotency_header="Idempotency-Key")
        random.seed(7)
        result(self.api, WRITE)

    def child(self) -> object:
        result(self.api, WRITE)
        return random.random()

    def after(self) -> object:
        result(self.api, WRITE)
        return random.random()


class Locks(Case):
    """A lock that a thread of the parent has."""

    def before(self) -> None:
        self.lock = ForkSafeLock()
        self.lock.__enter__()

    def child(self) -> object:
        with self.lock:
            return "free"


def main(url: str, folder: str, name: str) -> None:
    case: Case = globals()[name](url, Path(folder))
    case.before()
    print("ready", flush=True)
    sys.stdin.readline()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, json.dumps(case.child()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        child = json.load(pipe)
    print(json.dumps(child), flush=True)
    sys.stdin.readline()
    print(json.dumps(case.after()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
