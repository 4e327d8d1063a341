"""A disk that fails: what was acknowledged is there, the rest is 503, and it goes on afterwards.

A receiver takes deliveries into a SQLite file through a layer (an apsw VFS) in which calls fail at
random: fsync and read with EIO, write with ENOSPC or EROFS, and reads that give less than there is.
When the faults are lifted the same receiver has to accept. Then come a file that another connection
holds locked, file systems that are really full and read-only (a small tmpfs; passed over where none
can be mounted) and a schema from a newer version. Each 200 is looked for through the plain layer.
Exits 1 if one is missing, an answer is neither 200 nor 503 with Retry-After, or the intake does not
recover.

Takes a minute. Full and read-only disks need the right to mount; they are left out without.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import apsw

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.servers import SECRET
from noctule.webhooks import Inbox, InboxError, Receiver
from noctule.webhooks.testing import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "https://shop.example/api/webhooks/stripe"
CROWD = 16
"""Deliveries at once."""
ENOUGH = 50
"""Rounds in which each kind of call has to have failed; in a few it may not be made at all."""
KINDS = {
    "sync": apsw.IOError,
    "write": apsw.FullError,
    "read-only": apsw.ReadOnlyError,
    "read": apsw.IOError,
    "short read": None,
}


class Faults:
    """Which calls fail now, and how many did."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.kinds: list[str] = []
        self.hits: Counter[str] = Counter()

    def strikes(self, kind: str) -> bool:
        struck = kind in self.kinds and self._chance.random() < 0.3
        self.hits[kind] += struck
        return struck

    def strike(self, kind: str) -> None:
        if self.strikes(kind):
            raise KINDS[kind](f"injected at {kind}")


class FaultyFile(apsw.VFSFile):
    """A file whose calls fail as the operating system's would."""

    def __init__(self, faults: Faults, name, flags) -> None:
        super().__init__("unix", name, flags)
        self._faults = faults

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._faults.strike("sync")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._faults.strike("write")
        self._faults.strike("read-only")
        super().xWrite(data, offset)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._faults.strike("read")
        data = super().xRead(amount, offset)
        return data[: len(data) // 2] if self._faults.strikes("short read") else data


class FaultyDisk(apsw.VFS):
    """The plain layer, with faults in its files; the default while it exists."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name, flags) -> FaultyFile:  # noqa: N802
        return FaultyFile(self._faults, name, flags)


class Trial:
    """One receiver on one file, and the books of what it answered."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.acknowledged: list[str] = []
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        inbox = Inbox(place)
        self.receiver = Receiver(
            "stripe", secrets=["STRIPE_WEBHOOK_SECRET"], inbox=inbox, work=False
        )
        self._sent = 0

    async def send(self, padding: int = 0) -> int:
        self._sent += 1
        name = f"evt_{self._sent}"
        payload = {"id": name, "type": "t", "data": {"object": {"text": "x" * padding}}}
        headers, body = signed("stripe", payload, secret=SECRET)
        pairs = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        answer = await self.receiver.deliver("POST", URL, pairs, body)
        self.answers[str(answer.status)] += 1
        if answer.status == 200:
            self.acknowledged.append(name)
        elif answer.status != 503 or "retry-after" not in dict(answer.headers):
            self.wrong.append(f"answered {answer.status} {answer.headers}")
        return answer.status

    async def concurrency(self, padding: int = 0) -> list[int]:
        return await asyncio.gather(*(self.send(padding) for _ in range(CROWD)))

    async def recovers(self, after: str) -> None:
        if await self.send() != 200:
            self.wrong.append(f"after {after} it does not accept")

    def audit(self) -> None:
        """Read through the plain layer, as after a restart."""
        database = apsw.Connection(str(self.place), vfs="unix")
        stored = {name for (name,) in database.execute("SELECT id FROM noctule_event")}
        lost = set(self.acknowledged) - stored
        self.wrong += [f"acknowledged and lost: {sorted(lost)[:5]}"] if lost else []
        health = database.execute("PRAGMA integrity_check").fetchall()
        self.wrong += [f"corrupt: {health[:3]}"] if health != [("ok",)] else []
        database.close()


async def failing_calls(folder: Path, rounds: int, chance: random.Random) -> Trial:
    faults = Faults(chance)
    disk = FaultyDisk(faults)
    trial = Trial(folder / "failing.sqlite3")
    async with trial.receiver.lifespan():
        for turn in range(rounds):
            faults.kinds = [list(KINDS)[turn % len(KINDS)], *chance.sample(list(KINDS), 1)]
            await trial.concurrency()
            kinds, faults.kinds = faults.kinds, []
            await trial.recovers(f"faults in {kinds}")
            trial.audit()
    disk.unregister()
    trial.audit()
    missed = [kind for kind in KINDS if not faults.hits[kind]]
    if rounds >= ENOUGH:
        trial.wrong += [f"no call failed: {kind}" for kind in missed]
    print(f"calls that failed: {dict(faults.hits)}")
    return trial


async def locked(folder: Path) -> Trial:
    trial = Trial(folder / "locked.sqlite3")
    async with trial.receiver.lifespan():
        other = apsw.Connection(str(trial.place))
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        if set(await trial.concurrency()) != {503}:
            trial.wrong.append("a locked file was written")
        print(f"locked: 503 after {1000 * (time.monotonic() - began):.0f} ms")
        other.execute("COMMIT")
        other.close()
        await asyncio.sleep(0.5)
        await trial.recovers("a lock")
    trial.audit()
    return trial


async def full(folder: Path) -> Trial | None:
    """A tmpfs of 2 MB, until nothing goes in any more; then the ballast goes."""
    small = folder / "small"
    small.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small):
        print("full disk: passed over, no file system can be mounted here")
        return None
    try:
        (small / "ballast").write_bytes(bytes(1 << 20))
        trial = Trial(small / "inbox.sqlite3")
        async with trial.receiver.lifespan():
            for _ in range(20):
                await trial.concurrency(8000)
            if not trial.answers["503"]:
                trial.wrong.append("the disk never was full")
            (small / "ballast").unlink()
            await trial.recovers("a full disk")
        trial.audit()
    finally:
        _run("umount", small)
    return trial


async def read_only(folder: Path) -> Trial | None:
    """An inbox whose file system was mounted read-only since: that is said, and nothing is lost."""
    small = folder / "read-only"
    small.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small):
        print("read-only disk: passed over, no file system can be mounted here")
        return None
    try:
        trial = Trial(small / "inbox.sqlite3")
        async with trial.receiver.lifespan():
            await trial.concurrency()
        if not _run("mount", "-o", "remount,ro", small):
            trial.wrong.append("the file system could not be mounted again")
        try:
            async with trial.receiver.lifespan():
                trial.wrong.append("an inbox was opened on a read-only disk")
        except InboxError as error:
            print(f"read-only disk: {str(error).replace(str(small), '')}")
        _run("mount", "-o", "remount,rw", small)
        async with trial.receiver.lifespan():
            await trial.recovers("a read-only disk")
        trial.audit()
    finally:
        _run("umount", small)
    return trial


def _run(*command: str | Path) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


async def newer(folder: Path) -> Trial:
    trial = Trial(folder / "newer.sqlite3")
    async with trial.receiver.lifespan():
        await trial.concurrency()
    database = apsw.Connection(str(trial.place))
    database.execute("INSERT INTO noctule_schema VALUES (99)")
    database.close()
    try:
        async with Trial(trial.place).receiver.lifespan():
            trial.wrong.append("a newer schema was opened")
    except InboxError as error:
        print(f"newer schema: {str(error).partition(':')[2].strip()}")
    trial.audit()
    return trial


async def all_trials(rounds: int, chance: random.Random) -> dict[str, Trial | None]:
    """Each trial in a folder of its own; None where it cannot be made here."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "failing calls": await failing_calls(folder, rounds, chance),
            "locked": await locked(folder),
            "full disk": await full(folder),
            "read-only disk": await read_only(folder),
            "newer schema": await newer(folder),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.faults", __doc__)
    command_line.add_argument("--rounds", type=int, default=100)
    command_line.add_argument("--seed", type=int, default=time.time_ns())
    options = command_line.parse_args(arguments)
    os.environ["STRIPE_WEBHOOK_SECRET"] = SECRET
    logging.disable()
    print(f"seed {options.seed}")
    trials = asyncio.run(all_trials(options.rounds, random.Random(options.seed)))
    wrong = [f"{name}: {why}" for name, trial in trials.items() if trial for why in trial.wrong]
    print("\n".join(wrong) or "nothing that was acknowledged is lost")
    rows = [
        (
            name,
            ", ".join(f"{count} times {status}" for status, count in trial.answers.items()),
            len(trial.acknowledged),
            len(trial.wrong),
        )
        for name, trial in trials.items()
        if trial
    ]
    head = ("", "answers", "events acknowledged", "violations")
    report(options, Table("A disk that fails", head, rows, f"Seed {options.seed}."))
    return 1 if wrong else 0
