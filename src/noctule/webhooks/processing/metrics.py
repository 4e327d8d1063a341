"""Metrics of receiving and processing, in Prometheus' text format and through OpenTelemetry.

Every label comes from configuration or code (route, outcome, reason, state), never from a sender,
so nobody can create series by sending. OpenTelemetry's instruments are created only if the
application has imported its metrics API.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any

from noctule.runtime.journal.metrics import metrics_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.webhooks.store.base import RouteOverview

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 1.0, 5.0, 15.0, 45.0)
"""Seconds. 0.4 is the limit for an answer, 45 for a handler."""

DELIVERIES = "noctule_webhooks_deliveries"
ANSWER_SECONDS = "noctule_webhooks_answer_seconds"
ATTEMPTS = "noctule_webhooks_attempts"
HANDLER_SECONDS = "noctule_webhooks_handler_seconds"
REPEATS = "noctule_webhooks_repeats"
HELP = {
    DELIVERIES: "Deliveries answered, by outcome.",
    ANSWER_SECONDS: "Seconds from the whole request to its answer.",
    ATTEMPTS: "Handler attempts, by resulting state.",
    HANDLER_SECONDS: "Seconds that a handler ran.",
    REPEATS: "Events that equal an earlier one and may be a replay, by what was done.",
}

Labels = tuple[tuple[str, str], ...]


class Histogram:
    """Counts of values by bucket."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(BUCKETS, value)] += 1
        self.sum += value

    def lines(self, name: str, labels: Labels) -> Iterator[str]:
        total = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts, strict=True):
            total += count
            yield f"{name}_bucket{_braced((*labels, ('le', bound)))} {total}"
        yield f"{name}_sum{_braced(labels)} {self.sum:.6f}"
        yield f"{name}_count{_braced(labels)} {total}"


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        self._instruments: dict[str, Any] = {}

    def answered(self, route: str, outcome: str, reason: str, seconds: float) -> None:
        """Count an answered delivery; `seconds` is the time since the whole request."""
        labels = (("route", route), ("outcome", outcome), ("reason", reason))
        self._counts[DELIVERIES, labels] += 1
        self._observe(ANSWER_SECONDS, (("route", route),), seconds)
        if "opentelemetry.metrics" in sys.modules:
            self._instrument("counter", DELIVERIES).add(1, dict(labels))
            self._instrument("histogram", ANSWER_SECONDS).record(seconds, {"route": route})

    def attempted(self, route: str, state: str, seconds: float) -> None:
        """Count a handler attempt; `state` is the state of its event afterwards."""
        labels = (("route", route), ("state", state))
        self._counts[ATTEMPTS, labels] += 1
        self._observe(HANDLER_SECONDS, (("route", route),), seconds)
        if "opentelemetry.metrics" in sys.modules:
            self._instrument("counter", ATTEMPTS).add(1, dict(labels))
            self._instrument("histogram", HANDLER_SECONDS).record(seconds, {"route": route})

    def repeated(self, route: str, action: str, count: int) -> None:
        """Count events that may be replays; `action` is what was done with them."""
        labels = (("route", route), ("action", action))
        self._counts[REPEATS, labels] += count
        if "opentelemetry.metrics" in sys.modules:
            self._instrument("counter", REPEATS).add(count, dict(labels))

    def text(self, overviews: Iterable[RouteOverview] = (), now: float = 0.0) -> str:
        """All metrics in Prometheus' format, those of this process's calls to providers included;
        `overviews` adds those of the inbox, as of `now`."""
        lines: list[str] = []
        for name in (DELIVERIES, ATTEMPTS, REPEATS):
            lines += _head(f"{name}_total", "counter", HELP[name])
            counts = [(labels, n) for (of, labels), n in self._counts.items() if of == name]
            lines += [f"{name}_total{_braced(labels)} {n}" for labels, n in sorted(counts)]
        for name in (ANSWER_SECONDS, HANDLER_SECONDS):
            lines += _head(name, "histogram", HELP[name])
            for (of, labels), histogram in sorted(self._histograms.items(), key=lambda i: i[0]):
                lines += histogram.lines(name, labels) if of == name else ()
        lines += _inbox_lines(overviews, now)
        return "\n".join(lines) + "\n" + metrics_text()

    def _observe(self, name: str, labels: Labels, seconds: float) -> None:
        histogram = self._histograms.get((name, labels))
        if histogram is None:
            histogram = self._histograms[name, labels] = Histogram()
        histogram.add(seconds)

    def _instrument(self, kind: str, name: str) -> Any:
        instrument = self._instruments.get(name)
        if instrument is None:
            meter = sys.modules["opentelemetry.metrics"].get_meter("noctule.webhooks")
            unit = "s" if kind == "histogram" else "1"
            create = getattr(meter, f"create_{kind}")
            instrument = self._instruments[name] = create(name, unit=unit, description=HELP[name])
        return instrument


METRICS = Metrics()


def _inbox_lines(overviews: Iterable[RouteOverview], now: float) -> Iterator[str]:
    routes = list(overviews)
    yield from _head("noctule_webhooks_events", "gauge", "Events in the inbox, by state.")
    for overview in routes:
        states: Mapping[Any, int] = overview.states
        for state, count in sorted(states.items()):
            labels = (("route", overview.route), ("state", state))
            yield f"noctule_webhooks_events{_braced(labels)} {count}"
    yield from _head(
        "noctule_webhooks_lag_seconds", "gauge", "Age of the oldest event that is due."
    )
    for overview in routes:
        lag = max(0.0, now - overview.oldest_due) if overview.oldest_due is not None else 0.0
        yield f"noctule_webhooks_lag_seconds{_braced((('route', overview.route),))} {lag:.3f}"
    yield from _head(
        "noctule_webhooks_last_delivery_seconds",
        "gauge",
        "Time of the last delivery, in seconds since 1970.",
    )
    for overview in routes:
        route = _braced((("route", overview.route),))
        yield f"noctule_webhooks_last_delivery_seconds{route} {overview.last_received:.3f}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _braced(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
