"""Appends what was counted to the journal's files, every ten seconds in which there were calls.

Each line is appended in one step, so processes share a file. A file that has grown gets a
successor, and the oldest ones are removed: together they stay below `MAX_FILE * MAX_FILES`.
Whatever goes wrong with them is logged once, and no call notices.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import msgspec

from noctule.runtime import fork
from noctule.runtime.journal.entries import JournalBatch
from noctule.runtime.journal.place import VARIABLE, journal_folder
from noctule.runtime.journal.recorder import OTHER, ServiceRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from noctule.runtime.journal.entries import CircuitChange, DeprecatedOperation

LOGGER = logging.getLogger("noctule.runtime")
INTERVAL = 10.0
IDLE_ROUNDS = 6
"""Rounds without a call after which the thread ends; the next call starts another."""
MAX_SERVICES = 1000
MAX_FILE = 4 * 1024 * 1024
MAX_FILES = 8
PATTERN = "calls-*.jsonl"
ANNOUNCE_AGAIN = 6 * 3600.0
"""Seconds after which deprecations are written again: older files have gone by then."""


class Journal:
    """The recorders of a process, and the thread that writes what they count."""

    def __init__(self) -> None:
        self.recorders: dict[str, ServiceRecorder] = {}
        self._lock = Lock()
        """Around the thread's state. Calls take it, so nothing slow happens under it."""
        self._writing = Lock()
        self._stop = Event()
        self._awake = False
        self._registered = False
        self._warned = False
        self._folder: Path | None = None
        self._announced: dict[DeprecatedOperation, float] = {}
        fork.register(self)

    def recorder(self, service: str) -> ServiceRecorder:
        """The recorder of a service, which all its instances share; one for all that are made once
        there are very many."""
        recorder = self.recorders.get(service)
        if recorder is None:
            service = service if len(self.recorders) < MAX_SERVICES else OTHER
            recorder = self.recorders.setdefault(service, ServiceRecorder(service, self._wake))
        return recorder

    def flush(self) -> bool:
        """Write what was counted since the last time; whether there was anything."""
        with self._writing:
            batch = self._batch(time.time())
            if batch is None:
                return False
            try:
                # The first one stays: the working directory may change.
                self._folder = self._folder or _absolute(journal_folder())
                if self._folder is not None:
                    append(self._folder, batch)
            except OSError as error:
                self._warn(error)
            return True

    def after_fork(self) -> None:
        """In a forked child: the parent writes what it counted."""
        self._lock, self._writing, self._stop, self._awake = Lock(), Lock(), Event(), False
        self._announced = {}
        for recorder in self.recorders.values():
            recorder.awake = False
            recorder.operations.clear()
            recorder.changes.clear()

    def _wake(self) -> None:
        """Start the thread, if it does not run; of a call, so it must not fail."""
        with self._lock:
            for recorder in list(self.recorders.values()):
                recorder.awake = True
            if self._awake or journal_folder() is None:
                return
            self._awake = True
            if not self._registered:
                self._registered = True
                atexit.register(self.flush)
        try:
            Thread(target=self._run, name="noctule-journal", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            self._awake = False

    def _run(self) -> None:
        stop, idle = self._stop, 0
        while idle < IDLE_ROUNDS and not stop.wait(INTERVAL):
            idle = 0 if self.flush() else idle + 1
        with self._lock:
            self._awake = False
            for recorder in list(self.recorders.values()):
                recorder.awake = False

    def _batch(self, now: float) -> JournalBatch | None:
        recorders = list(self.recorders.values())
        calls = [
            counts
            for recorder in recorders
            for operation, counters in list(recorder.operations.items())
            if (counts := counters.take(recorder.service, operation)) is not None
        ]
        changes = [change for recorder in recorders for change in _taken(recorder)]
        if not calls and not changes:
            return None
        circuits = (c for recorder in recorders for c in list(recorder.circuits.values()))
        return JournalBatch(
            now // INTERVAL * INTERVAL,
            socket.gethostname(),
            os.getpid(),
            tuple(calls),
            tuple(circuits),
            tuple(changes),
            tuple(self._deprecations(recorders, now)),
        )

    def _deprecations(
        self, recorders: list[ServiceRecorder], now: float
    ) -> Iterator[DeprecatedOperation]:
        for recorder in recorders:
            for entry in list(recorder.deprecated):
                if now - self._announced.get(entry, 0.0) > ANNOUNCE_AGAIN:
                    self._announced[entry] = now
                    yield entry

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            # The default place is a guess: a read-only disk there is nobody's mistake.
            level = logging.WARNING if os.environ.get(VARIABLE) else logging.INFO
            LOGGER.log(
                level, "the journal cannot be written (%s); set %s to another folder or to off",
                error.strerror, VARIABLE,
            )  # fmt: skip


def _absolute(folder: Path | None) -> Path | None:
    return folder and folder.absolute()


def append(folder: Path, batch: JournalBatch) -> None:
    """Append a batch to the newest file of the folder, or to a new one. Raises OSError."""
    line = msgspec.json.encode(batch) + b"\n"
    path = _current(folder, len(line))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _current(folder: Path, size: int) -> Path:
    files = sorted(folder.glob(PATTERN))
    if files:
        try:
            if files[-1].stat().st_size + size <= MAX_FILE:
                return files[-1]
        except FileNotFoundError:  # another process has just removed it
            pass
    else:
        _create(folder)
    for old in files[: max(0, len(files) - MAX_FILES + 1)]:
        old.unlink(missing_ok=True)
    return folder / f"calls-{time.time_ns() // 1_000_000:014d}-{os.getpid()}.jsonl"


def _create(folder: Path) -> None:
    """For its owner alone; git ignores what is below `.noctule`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for parent in folder.parents:
        if parent.name == ".noctule" and not (parent / ".gitignore").exists():
            (parent / ".gitignore").write_text("*\n", encoding="utf-8")


def _taken(recorder: ServiceRecorder) -> Iterator[CircuitChange]:
    while recorder.changes:
        yield recorder.changes.popleft()


JOURNAL = Journal()
"""Of this process."""
