"""Do calls to providers succeed? Read from the journal of all processes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import add
from typing import TYPE_CHECKING

from noctule.project.location import task_files
from noctule.runtime.journal.reader import CallSummary, read_journal
from noctule.stages.doctor.finding import DoctorFinding
from noctule.webhooks.operations.doctor.check import clock_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from noctule.runtime.journal.entries import (
        CallCounts,
        CallFailure,
        JournalBatch,
        LimitUse,
        OpenCircuit,
    )
    from noctule.stages.doctor.finding import DoctorContext, Severity

RECENT = 900.0
"""Seconds before a service's last call that count as now."""
DAY = 86400.0
"""What came in the day before is what now is compared with."""
MANY = 0.5
"""From this share of failed calls on, an operation is broken;"""
SOME = 0.05
FEW = 3
"""from this share and this number on, it needs attention."""
NEARLY_USED = 0.1
"""Of a limit, this share is left."""
LIMIT_AGE = 3600.0
CIRCUIT_AGE = 3600.0
"""What a process said of its circuits longer ago than this is past."""
SILENT = 60.0
"""A process with calls writes every ten seconds; one that wrote nothing for so long has none."""
SOON = 30
"""Days before the end of an operation from which on it is urgent."""

REFUSALS = frozenset(
    {"BadRequest", "NotFound", "Conflict", "Unprocessable", "ClientError", "InvalidArgument"}
)
"""Answers to what was asked: usual in small numbers."""
_CREDENTIALS = frozenset({"Unauthorized", "Forbidden", "MissingSecrets", "ConfigurationError"})
_LIMITS = frozenset({"RateLimited", "TooManyConcurrentCalls"})
_NETWORK = frozenset({"ConnectionFailed", "TimedOut", "DeadlineExceeded", "CircuitOpen"})


def check_journal(context: DoctorContext) -> Iterator[DoctorFinding]:
    batches = [] if context.journal is None else list(read_journal(context.journal))
    if not any(batch.calls for batch in batches):
        if task_files(context.folder):
            check = "off" if context.journal is None else "none"
            yield DoctorFinding("warning", "calls", check, "calls", {"place": str(context.journal)})
        return
    yield from check_calls(batches, context.now)


def check_calls(batches: Sequence[JournalBatch], now: float) -> Iterator[DoctorFinding]:
    """The findings about every service in the journal, the last day of which counts."""
    findings = [
        *_operations(batches, now),
        *_circuits(batches, now),
        *_limits(batches, now),
        *_deprecations(batches, now),
    ]
    yield from findings
    unwell = {finding.values["service"] for finding in findings}
    for service, operations in _recent(batches, now).items():
        if service not in unwell:
            yield _well(service, operations.values())


@dataclass
class _Operation:
    """An operation now, and in the day before that."""

    now: CallSummary
    earlier: CallSummary
    last_success: float | None = None
    successes_since: int = 0
    """Calls that succeeded after the last ten seconds with a failure."""

    def add(self, at: float, counts: CallCounts, *, recent: bool) -> None:
        """Count what was written at `at`; in the order of time."""
        (self.now if recent else self.earlier).add(counts)
        successes = counts.outcomes.get("ok", 0)
        if successes:
            self.last_success = at
        refused = sum(counts.outcomes.get(outcome, 0) for outcome in REFUSALS)
        failing = sum(counts.outcomes.values()) > successes + refused
        self.successes_since = 0 if failing else self.successes_since + successes


def _operations(batches: Sequence[JournalBatch], now: float) -> Iterator[DoctorFinding]:
    for operations in _recent(batches, now).values():
        for operation in operations.values():
            finding = _judged(operation)
            if finding is not None:
                yield finding


def _recent(batches: Sequence[JournalBatch], now: float) -> dict[str, dict[str, _Operation]]:
    """Service -> operation -> its calls in the last quarter of an hour of that service."""
    day = sorted((b for b in batches if b.at >= now - DAY), key=lambda batch: batch.at)
    counted = [(batch.at, counts) for batch in day for counts in batch.calls]
    last = {counts.service: at for at, counts in counted}
    services: dict[str, dict[str, _Operation]] = defaultdict(dict)
    for at, counts in counted:
        key = counts.service, counts.operation
        operations = services[counts.service]
        if counts.operation not in operations:
            operations[counts.operation] = _Operation(CallSummary(*key), CallSummary(*key))
        recent = at > last[counts.service] - RECENT
        operations[counts.operation].add(at, counts, recent=recent)
    return {
        service: {name: op for name, op in sorted(operations.items()) if op.now.calls}
        for service, operations in sorted(services.items())
    }


def _failed(summary: CallSummary) -> int:
    return summary.calls - summary.count("ok", *REFUSALS)


def _judged(operation: _Operation) -> DoctorFinding | None:
    """None for an operation that is well."""
    now, failed = operation.now, _failed(operation.now)
    refused = now.count(*REFUSALS)
    many = failed >= MANY * now.calls
    if many or (failed >= FEW and failed >= SOME * now.calls):
        if operation.successes_since >= FEW:
            return _failing("warning", "recovered", operation, failed)
        return _failing("bad" if many else "warning", _kind(now), operation, failed)
    if refused >= FEW and refused >= MANY * now.calls:
        return _failing("warning", "refused", operation, refused)
    return None


def _kind(recent: CallSummary) -> str:
    """The most frequent kind of failure, which decides what to do."""
    kinds = {
        "credentials": recent.count(*_CREDENTIALS),
        "limits": recent.count(*_LIMITS),
        "network": recent.count(*_NETWORK),
        "unknown": recent.count("OutcomeUnknown"),
        "provider": recent.calls
        - recent.count("ok", "OutcomeUnknown", *REFUSALS, *_CREDENTIALS, *_LIMITS, *_NETWORK),
    }
    return max(kinds, key=lambda kind: kinds[kind])


def _failing(severity: Severity, check: str, operation: _Operation, failed: int) -> DoctorFinding:
    now, earlier, last = operation.now, operation.earlier, operation.now.failure
    before = _failed(earlier) if check != "refused" else earlier.count(*REFUSALS)
    values = {
        "service": now.service,
        "operation": now.operation,
        "failed": f"{failed:,}",
        "calls": f"{now.calls:,}",
        "before": f"{100 * before / earlier.calls:.1f} %" if earlier.calls else "–",
        "cause": _cause(last) if last else ", ".join(now.outcomes),
        "url": _url(last.host if last else now.service),
        "after": f"{operation.successes_since:,}",
        "last": clock_time(last.at if last else None),
        "success": clock_time(operation.last_success),
    }
    return DoctorFinding(severity, "calls", check, f"{now.service}.{now.operation}", values)


def _url(host: str) -> str:
    return host if "://" in host else f"https://{host}"


def _cause(failure: CallFailure) -> str:
    status = "" if failure.status is None else f" {failure.status}"
    return failure.reason or f"{failure.host}: {failure.error}{status}"


def _circuits(batches: Sequence[JournalBatch], now: float) -> Iterator[DoctorFinding]:
    """What each process said last of its circuits, unless the service, or the operation, was called
    with success since: by others, while that process said nothing, because it ended or had no
    calls."""
    success: dict[tuple[str, str], float] = defaultdict(float)
    for batch in batches:
        for counts in batch.calls:
            if counts.outcomes.get("ok"):
                for key in ((counts.service, ""), (counts.service, counts.operation)):
                    success[key] = max(success[key], batch.at)
    last: dict[tuple[str, int], JournalBatch] = {}
    for batch in batches:
        process = batch.host, batch.pid
        if batch.at >= now - CIRCUIT_AGE and (process not in last or batch.at >= last[process].at):
            last[process] = batch
    circuits: dict[tuple[str, str, str], list[OpenCircuit]] = defaultdict(list)
    for batch in last.values():
        for circuit in batch.open:
            if success[circuit.service, circuit.operation] >= batch.at + SILENT:
                continue
            circuits[circuit.service, circuit.host, circuit.operation].append(circuit)
    for (service, host, operation), open_circuits in sorted(circuits.items()):
        first = min(open_circuits, key=lambda circuit: circuit.since)
        values = {
            "service": service,
            "operation": operation,
            "host": host,
            "url": _url(host),
            "since": clock_time(first.since),
            "reason": first.reason or "–",
            "count": str(len(open_circuits)),
            "processes": str(len(last)),
        }
        check, subject = "circuit", service
        if operation:
            check, subject = "circuit_of_operation", f"{service}.{operation}"
        yield DoctorFinding("bad", "calls", check, subject, values)


def _limits(batches: Sequence[JournalBatch], now: float) -> Iterator[DoctorFinding]:
    latest: dict[tuple[str, str], LimitUse] = {}
    for batch in batches:
        for counts in batch.calls:
            if counts.limit is not None and counts.limit.at >= now - LIMIT_AGE:
                key = counts.service, counts.limit.name
                if key not in latest or counts.limit.at >= latest[key].at:
                    latest[key] = counts.limit
    for (service, name), limit in sorted(latest.items()):
        if limit.remaining <= NEARLY_USED * limit.limit:
            values = {
                "service": service,
                "name": name,
                "remaining": f"{limit.remaining:,g}",
                "limit": f"{limit.limit:,g}",
                "at": clock_time(limit.at),
            }
            yield DoctorFinding("warning", "calls", "limit", service, values)


def _deprecations(batches: Sequence[JournalBatch], now: float) -> Iterator[DoctorFinding]:
    latest = {
        (entry.service, entry.operation): entry for batch in batches for entry in batch.deprecated
    }
    today = datetime.fromtimestamp(now, UTC).date()
    for (service, operation), entry in sorted(latest.items()):
        days = (date.fromisoformat(entry.sunset) - today).days if entry.sunset else None
        values = {
            "service": service,
            "operation": operation,
            "header": entry.header,
            "date": entry.date or "–",
            "sunset": entry.sunset or "–",
            "link": entry.link or service,
            "days": "–" if days is None else str(days),
        }
        check = "deprecated" if days is None else "sunset" if days >= 0 else "ended"
        severity: Severity = "bad" if days is not None and days <= SOON else "warning"
        yield DoctorFinding(severity, "calls", check, f"{service}.{operation}", values)


def _well(service: str, operations: Iterable[_Operation]) -> DoctorFinding:
    total = CallSummary(service, "")
    for operation in operations:
        for outcome, count in operation.now.outcomes.items():
            total.outcomes[outcome] = total.outcomes.get(outcome, 0) + count
        total.buckets = list(map(add, total.buckets, operation.now.buckets))
    values = {
        "calls": f"{total.calls:,}",
        "share": f"{100 * _failed(total) / total.calls:.1f} %",
        "quantile": f"{total.quantile(0.95):g} s",
    }
    return DoctorFinding("good", "calls", "well", service, values)
