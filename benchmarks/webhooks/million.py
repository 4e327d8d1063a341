"""One million stored events: what an operator asks, by the store and by the real command.

    python benchmarks/webhooks/million.py [--events 1000000] [--place FILE] [--rounds 5]

Filling takes about ten minutes and 9.5 GB; with `--place` the file stays, and the next run only
measures. Figures are medians, the first answer of each question beside them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from filled import DAYS, NOW, OLD_WORD, RARE_TYPE, fill, word

from noctule.webhooks.processing.inbox import open_store
from noctule.webhooks.store.base import EventQuery

if TYPE_CHECKING:
    from collections.abc import Callable

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


def measured(rounds: int, work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds: the first answer, and the median."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return times[0], median(times)


def command(place: str, *words: str) -> Callable[[], object]:
    line = [sys.executable, "-m", "noctule", "webhooks", *words, "--inbox", place]
    return lambda: subprocess.run(line, capture_output=True, check=False)


def measure(place: str, rounds: int) -> None:
    store = open_store(place)
    rows = [(name, lambda query=query: store.find(query)) for name, query in QUESTIONS.items()]
    rows += [("overview (doctor)", store.overview)]
    rows += [
        ("list --text eur", command(place, "list", "--text", "eur")),
        ("list --text person777", command(place, "list", "--text", "person777")),
        ("tail --no-follow", command(place, "tail", "--no-follow")),
        ("doctor", command(place, "doctor")),
    ]
    print(f"{'':32} first ms  median ms")
    for name, work in rows:
        first, usual = measured(rounds, work)
        print(f"{name:32} {first:8.1f} {usual:10.1f}", flush=True)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--place", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = str(options.place or Path(folder, "inbox.sqlite3"))
        fill(place, options.events)
        measure(place, options.rounds)


if __name__ == "__main__":
    main()
