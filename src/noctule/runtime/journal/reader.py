"""Reads the journal of all processes and hosts that wrote to a folder, and adds it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from noctule.runtime.journal.entries import BOUNDS, JournalBatch
from noctule.runtime.journal.writer import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from noctule.runtime.journal.entries import CallCounts, CallFailure, LimitUse

MAX_LINE = 4 * 1024 * 1024
_DECODER = msgspec.json.Decoder(JournalBatch)


@dataclass
class CallSummary:
    """The calls of one operation over some time."""

    service: str
    operation: str
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    """"ok", or the name of the error's class -> calls."""
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    retries: int = 0
    failure: CallFailure | None = None
    """The last one."""
    limit: LimitUse | None = None
    """The last one that was told."""

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())

    def count(self, *outcomes: str) -> int:
        """Calls with one of these outcomes."""
        return sum(self.outcomes.get(outcome, 0) for outcome in outcomes)

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the calls ended: the upper bound of its bucket; the
        last bucket has none, and counts as twice the bound before it."""
        rest = share * sum(self.buckets)
        for bound, count in zip((*BOUNDS, 2 * BOUNDS[-1]), self.buckets, strict=True):
            rest -= count
            if rest <= 0 and count:
                return bound
        return 0.0

    def add(self, counts: CallCounts) -> None:
        for outcome, number in counts.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number
        for bucket, number in counts.latency.items():
            if 0 <= bucket < len(self.buckets):
                self.buckets[bucket] += number
        self.seconds += counts.seconds
        self.retries += counts.retries
        if counts.failure and (self.failure is None or counts.failure.at >= self.failure.at):
            self.failure = counts.failure
        if counts.limit and (self.limit is None or counts.limit.at >= self.limit.at):
            self.limit = counts.limit


def read_journal(
    folder: Path, since: float = 0.0, until: float = float("inf")
) -> Iterator[JournalBatch]:
    """The batches whose ten seconds began in this time (seconds since the epoch), file by file. A
    line that cannot be read, or that is not complete yet, is left out."""
    for path in sorted(folder.glob(PATTERN)):
        try:
            with path.open("rb") as file:
                for line in iter(lambda: file.readline(MAX_LINE), b""):
                    try:
                        batch = _DECODER.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                        continue
                    if since <= batch.at < until:
                        yield batch
        except FileNotFoundError:  # another process has just removed it
            continue


def summarize(batches: Iterable[JournalBatch]) -> dict[tuple[str, str], CallSummary]:
    """(service, operation) -> its calls, over all processes and hosts."""
    summaries: dict[tuple[str, str], CallSummary] = {}
    for batch in batches:
        for counts in batch.calls:
            key = counts.service, counts.operation
            summary = summaries.get(key)
            if summary is None:
                summary = summaries[key] = CallSummary(*key)
            summary.add(counts)
    return summaries
