"""The counters of outgoing calls, in Prometheus' text format.

Labels are names from the code (service, operation, class of the error) and hosts: nothing that a
provider sends can create a series.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from noctule.runtime.journal.entries import BOUNDS
from noctule.runtime.journal.writer import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.journal.entries import CallCounts


def metrics_text() -> str:
    """What this process counted since it began."""
    totals = [
        counters.total(recorder.service, operation)
        for recorder in list(JOURNAL.recorders.values())
        for operation, counters in list(recorder.operations.items())
    ]
    lines = [*_calls(totals), *_retries(totals), *_latencies(totals), *_circuits()]
    return "".join(f"{line}\n" for line in lines)


def _calls(totals: list[CallCounts]) -> Iterator[str]:
    yield from _head("noctule_calls_total", "counter", "Calls to providers, by outcome.")
    for counts in totals:
        for outcome, number in sorted(counts.outcomes.items()):
            yield f"noctule_calls_total{_labels(counts, outcome=outcome)} {number}"


def _retries(totals: list[CallCounts]) -> Iterator[str]:
    yield from _head("noctule_call_retries_total", "counter", "Attempts beyond the first one.")
    for counts in totals:
        yield f"noctule_call_retries_total{_labels(counts)} {counts.retries}"


def _latencies(totals: list[CallCounts]) -> Iterator[str]:
    name = "noctule_call_seconds"
    yield from _head(name, "histogram", "Seconds of a call, with its retries and waits.")
    for counts in totals:
        sums = list(accumulate(counts.latency.values()))
        for bound, number in zip((*map(str, BOUNDS), "+Inf"), sums, strict=True):
            yield f"{name}_bucket{_labels(counts, le=bound)} {number}"
        yield f"{name}_sum{_labels(counts)} {counts.seconds:.6f}"
        yield f"{name}_count{_labels(counts)} {sums[-1]}"


def _circuits() -> Iterator[str]:
    text = "1 while no calls are sent to a host, or none of one operation."
    yield from _head("noctule_circuit_open", "gauge", text)
    for recorder in list(JOURNAL.recorders.values()):
        for circuit in list(recorder.circuits.values()):
            names = {"service": circuit.service, "host": circuit.host}
            labels = _braced(names | {"operation": circuit.operation})
            yield f"noctule_circuit_open{labels} 1"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(counts: CallCounts, **more: str) -> str:
    return _braced({"service": counts.service, "operation": counts.operation, **more})


def _braced(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
