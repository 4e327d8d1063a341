"""A bulk replay of 100,000 events at a capped rate, killed with `kill -9` on the way.

The real command runs until it is killed, then the same command again, until one comes to its end.
A trigger in the database writes down each event that is queued, so that the count is not the
command's own. Exits 1 if an event was queued other than once, or any second got more than the rate
allows (and a tenth more, for where seconds are cut). With `--place` the inbox stays, and is used
again: filling takes a minute.

Takes three minutes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, peak_memory, report
from benchmarks.webhooks.full_inbox import fill
from benchmarks.webhooks.servers import SECRET
from noctule.webhooks.processing.inbox import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIGGER = """
    DROP TABLE IF EXISTS queued;
    CREATE TABLE queued (seq INTEGER, due REAL);
    DROP TRIGGER IF EXISTS queueing;
    CREATE TRIGGER queueing AFTER UPDATE OF due ON noctule_event WHEN new.state = 'pending'
    BEGIN INSERT INTO queued VALUES (new.seq, new.due); END;
"""


def prepare(place: str, events: int) -> None:
    """An inbox of processed events, whose queueing is written down."""
    fill(place, events)
    store = open_store(place)
    store.run("UPDATE noctule_event SET state = 'done'; DELETE FROM noctule_progress;" + TRIGGER)
    store.close()


def replay(place: str, rate: float, life: float) -> tuple[float, float, str, int]:
    """Seconds, peak MB, what was said and how it ended; killed after `life` seconds."""
    line = [sys.executable, "-m", "noctule", "webhooks", "replay", "--all", "--inbox", place]
    env = os.environ | {"STRIPE_WEBHOOK_SECRET": SECRET}
    began, peak = time.monotonic(), 0.0
    with subprocess.Popen(
        [*line, "--rate", str(rate)], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            peak = max(peak, peak_memory(process.pid))
            if time.monotonic() - began > life:
                process.kill()
            time.sleep(0.02)
        assert process.stdout
        output = process.stdout.read().strip()
    return time.monotonic() - began, peak, output, process.returncode


def audit(place: str, events: int, rate: float) -> list[str]:
    """What is wrong with what was queued."""
    store = open_store(place)
    queued = store.run("SELECT seq, due FROM queued")
    store.close()
    times = Counter(seq for seq, _ in queued)
    seconds = Counter(int(due) for _, due in queued)
    print(f"{len(times)} events queued; most in a second: {max(seconds.values(), default=0)}")
    wrong = {
        "never queued": events - len(times),
        "queued more than once": sum(count > 1 for count in times.values()),
        "seconds above the rate": sum(count > rate * 1.1 for count in seconds.values()),
    }
    return [f"{what}: {count}" for what, count in wrong.items() if count]


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.replaying", __doc__)
    command_line.add_argument("--events", type=int, default=100_000)
    command_line.add_argument("--rate", type=float, default=2000.0)
    command_line.add_argument("--kills", type=int, default=3)
    command_line.add_argument("--place", type=Path)
    command_line.add_argument("--seed", type=int, default=time.time_ns())
    options = command_line.parse_args(arguments)
    chance = random.Random(options.seed)
    with TemporaryDirectory() as folder:
        place = str(options.place or Path(folder, "inbox.sqlite3"))
        prepare(place, options.events)
        whole = options.events / options.rate
        rows: list[tuple[str | int | float, ...]] = []
        lives = [chance.uniform(0.5, 1.5) * whole / (options.kills + 1)
                 for _ in range(options.kills)]  # fmt: skip
        for life in [*lives, float("inf")]:
            seconds, peak, output, ended = replay(place, options.rate, life)
            print(output, flush=True)
            how = "to its end" if ended == 0 else "killed"
            rows.append((round(seconds, 1), round(peak), how))
            if ended == 0:
                break
        wrong = audit(place, options.events, options.rate)
    print("\n".join(wrong) or "every event once, none twice")
    title = f"A replay of {options.events:,} events at {options.rate:g} a second, killed on the way"
    note = f"Seed {options.seed}; violations: {len(wrong)}."
    report(options, Table(title, ("seconds", "peak MB", "ran"), rows, note))
    return 1 if wrong or ended else 0
