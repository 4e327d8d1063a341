"""`kill -9` under load: what was acknowledged is there, and took effect once.

`noctule webhooks serve` and `noctule webhooks work` run as processes while a sender remembers each
2xx. Every round kills one of them or both at a random moment, and one in ten stops PostgreSQL with
`-m immediate` (no checkpoint, no goodbye) and starts it again. At the end the leases of the killed
workers are ended, the rest is worked off, and the books are compared. Exits 1 if an acknowledged
event is not in the inbox or not done, or took effect other than once.

Takes five minutes an engine. Needs PostgreSQL for --engine postgres.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.processes import HERE, free_port, postgres, server_programs, wait_for
from benchmarks.webhooks.sender import Sender
from benchmarks.webhooks.servers import SECRET
from noctule.cli import main as cli
from noctule.webhooks.processing.inbox import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.process import BaseProcess

FORKS = get_context("forkserver")
"""Each process is forked from one that has imported everything: the kills, not the imports, take
the time."""
FORKS.set_forkserver_preload(
    ["benchmarks.webhooks.killing", "granian.server.embed", "psycopg"]
    + [
        f"noctule.{name}"
        for name in ("cli.webhooks.serve", "cli.webhooks.work", "webhooks.receiving.serving.router")
    ]
)
LONGEST_LIFE = 0.6
"""Seconds that a round lets everything run before it kills."""
PATIENCE = 300


class Host:
    """An intake and a worker on one inbox, as processes that come and go."""

    def __init__(self, place: str, folder: Path) -> None:
        self.port = free_port()
        self._folder, self._place = folder, place
        self._intake: BaseProcess | None = None
        self._worker: BaseProcess | None = None
        self.start()

    def start(self) -> None:
        """Start what does not run; the intake answers when this returns."""
        if self._worker is None:
            self._worker = self._run("work", "--app", "effects:receiver", "--project", str(HERE))
        if self._intake is None:
            where = ("--port", str(self.port), "--admin-port", "0", "--project", str(self._folder))
            self._intake = self._run("serve", "--route", "stripe", *where)
            try:
                wait_for(self.port, PATIENCE)
            except AssertionError:
                print((self._folder / "log").read_text()[-2000:])
                raise

    def kill(self, *, intake: bool = True, worker: bool = True) -> None:
        """SIGKILL, to both in the same moment."""
        dying = []
        if intake and self._intake:
            dying.append(self._intake)
            self._intake = None
        if worker and self._worker:
            dying.append(self._worker)
            self._worker = None
        for process in dying:
            process.kill()
        for process in dying:
            process.join()

    def _run(self, *args: str) -> BaseProcess:
        env = {"NOCTULE_INBOX": self._place, "STRIPE_WEBHOOK_SECRET": SECRET}
        process = FORKS.Process(target=command, args=(args, env, self._folder / "log"))
        process.start()
        return process


def command(args: tuple[str, ...], env: dict[str, str], log: Path) -> None:
    """`noctule webhooks …` in this process."""
    os.environ.update(env)
    out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["noctule", "webhooks", *args]
    cli()


@contextmanager
def hosts(place: str, count: int = 1) -> Iterator[list[Host]]:
    """Hosts on one inbox, which lies ready with the table of effects."""
    store = open_store(place)
    store.run("CREATE TABLE IF NOT EXISTS effect (event TEXT)")
    store.close()
    with TemporaryDirectory() as folder:
        running: list[Host] = []
        try:
            running += [Host(place, Path(folder)) for _ in range(count)]
            yield running
        finally:
            for host in running:
                host.kill()


def crash(address: str) -> None:
    """Stop PostgreSQL at once and start it again, by its own program."""
    import psycopg

    with psycopg.connect(address) as database:
        data = Path(database.execute("SHOW data_directory").fetchone()[0])
    as_user: dict = {"user": "postgres", "cwd": data.parent} if os.getuid() == 0 else {}
    program = server_programs() / "pg_ctl"
    command = [program, "-D", data, "-m", "immediate", "-w", "-l", data.parent / "log", "restart"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **as_user)


def work_off(place: str, host: Host) -> None:
    """End the leases of the dead, then work until nothing waits."""
    host.kill(intake=False)
    store = open_store(place)
    store.run("UPDATE noctule_event SET due = 0 WHERE state IN ('leased', 'pending')")
    host.start()
    limit = time.monotonic() + PATIENCE
    waiting = "SELECT count(*) FROM noctule_event WHERE state IN ('leased', 'pending')"
    while store.run(waiting)[0][0] and time.monotonic() < limit:
        time.sleep(0.1)
    store.close()


def audit(place: str, acknowledged: set[str]) -> list[str]:
    """What is wrong with the books."""
    store = open_store(place)
    states = dict(store.run("SELECT id, state FROM noctule_event"))
    effects = Counter(name for (name,) in store.run("SELECT event FROM effect"))
    checks = [] if place.startswith("postgresql://") else store.run("PRAGMA integrity_check")
    store.close()
    violations = {
        "acknowledged and lost": acknowledged - states.keys(),
        "acknowledged and not done": {n for n in acknowledged if states.get(n) != "done"},
        "acknowledged without effect": acknowledged - effects.keys(),
        "in effect more than once": {name for name, count in effects.items() if count > 1},
        "in effect and unknown": effects.keys() - states.keys(),
        "corrupt": {text for (text,) in checks} - {"ok"},
    }
    print(f"{len(states)} events in the inbox, {len(acknowledged)} acknowledged")
    return [
        f"{what}: {len(names)} {sorted(names)[:5]}" for what, names in violations.items() if names
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.killing", __doc__)
    command_line.add_argument("--rounds", type=int, default=200)
    command_line.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    command_line.add_argument("--seed", type=int, default=time.time_ns())
    options = command_line.parse_args(arguments)
    chance = random.Random(options.seed)
    kills: Counter[str] = Counter()
    with ExitStack() as stack:
        if options.engine == "postgres":
            place = stack.enter_context(postgres())
        else:
            place = f"{stack.enter_context(TemporaryDirectory())}/inbox.sqlite3"
        [host] = stack.enter_context(hosts(place))
        with Sender([host.port]) as sender:
            for _ in range(options.rounds):
                time.sleep(chance.uniform(0.05, LONGEST_LIFE))
                if options.engine == "postgres" and chance.random() < 0.1:
                    kills["server"] += 1
                    crash(place)
                    continue
                whom = chance.choice(["intake", "worker", "both"])
                kills[whom] += 1
                host.kill(intake=whom != "worker", worker=whom != "intake")
                host.start()
        work_off(place, host)
        wrong = audit(place, sender.acknowledged)
    print("\n".join(wrong) or f"{options.engine}: nothing lost, nothing twice in effect")
    row = (
        kills.total(),
        ", ".join(f"{whom} {count}" for whom, count in kills.items()),
        len(sender.acknowledged),
        ", ".join(f"{answer} {count}" for answer, count in sender.answers.items()),
        len(wrong),
    )
    head = ("kills", "of whom", "events acknowledged", "answers", "violations")
    title = f"`kill -9` under load, {options.engine}"
    note = f"Seed {options.seed}."
    report(options, Table(title, head, [row], note), part=options.engine)
    return 1 if wrong or sender.answers["503 without Retry-After"] else 0
