"""One million stored events: what an operator asks, by the store and by the real command.

Filling takes about ten minutes and 9.5 GB; with `--place` the file stays, and the next run only
measures. Figures are medians, the first answer of each question beside them.

Takes a quarter of an hour and 9.5 GB of disk.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.full_inbox import DAYS, NOW, OLD_WORD, RARE_TYPE, fill, word
from noctule.webhooks.processing.inbox import open_store
from noctule.webhooks.store.base import EventQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OLD = NOW - 0.8 * DAYS * 86400
QUESTIONS = {
    "text: in one event": EventQuery(text="person777"),
    "text: in every event": EventQuery(text="eur"),
    "text: a frequent word": EventQuery(text=word(3)),
    "text: a rare word": EventQuery(text=word(40_000)),
    "text: in the oldest events": EventQuery(text=OLD_WORD),
    "text and state": EventQuery(text="eur", state="dead"),
    "text and type": EventQuery(text="eur", type=RARE_TYPE),
    "text and route": EventQuery(text="eur", route="stripe-connect"),
    "text and time": EventQuery(text="eur", until=OLD),
    "state": EventQuery(state="unhandled"),
    "type": EventQuery(type=RARE_TYPE),
    "family of types": EventQuery(type="charge.dispute.*"),
    "time": EventQuery(until=OLD),
}

COMMANDS = (
    "webhooks list --text eur",
    "webhooks list --text person777",
    "webhooks tail --no-follow",
    "doctor",
)


def measured(rounds: int, work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds: the first answer, and the median."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return times[0], median(times)


def command(place: str, words: str) -> Callable[[], object]:
    line = [sys.executable, "-m", "noctule", *words.split(), "--inbox", place]

    def run() -> None:
        process = subprocess.run(line, capture_output=True, text=True, check=False)
        assert process.returncode in (0, 1), (
            process.stderr
        )  # the doctor ends with 1 if it finds any

    return run


def measure(place: str, rounds: int, events: int) -> Table:
    store = open_store(place)
    rows = [(name, lambda query=query: store.find(query)) for name, query in QUESTIONS.items()]
    rows += [("overview (metrics)", store.overview)]
    rows += [(words, command(place, words)) for words in COMMANDS]
    times = [(name, *(round(ms, 1) for ms in measured(rounds, work))) for name, work in rows]
    store.close()
    return Table(f"Questions to {events:,} stored events", ("", "first, ms", "median, ms"), times)


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.million", __doc__)
    command_line.add_argument("--events", type=int, default=1_000_000)
    command_line.add_argument("--place", type=Path)
    command_line.add_argument("--rounds", type=int, default=5)
    options = command_line.parse_args(arguments)
    with TemporaryDirectory() as folder:
        place = str(options.place or Path(folder, "inbox.sqlite3"))
        fill(place, options.events)
        report(options, measure(place, options.rounds, options.events))
    return 0
