"""The journal of calls: counting, writing, reading, and what it must never do."""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    ConnectionFailed,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    ServiceError,
    TimedOut,
)
from noctule.runtime.journal import metrics, writer
from noctule.runtime.journal.entries import BOUNDS, CallCounts, JournalBatch
from noctule.runtime.journal.place import journal_folder
from noctule.runtime.journal.reader import CallSummary, read_journal, summarize
from noctule.runtime.journal.recorder import MAX_OPERATIONS, OTHER, ServiceRecorder, failure_reason
from noctule.runtime.journal.writer import Journal
from noctule.runtime.responses.deprecation import DeprecationNotice
from noctule.runtime.responses.rate_limits import RateWindow

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "https://api.shop.example"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOCTULE_JOURNAL", str(tmp_path / "journal"))
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path) -> Journal:
    """Without its thread: tests flush."""
    journal = Journal()
    journal._awake = True
    return journal


def refused() -> ConnectionFailed:
    return ConnectionFailed("api.shop.example:443: Connection refused")


def fail(recorder: ServiceRecorder, error: ServiceError, operation: str = "read") -> None:
    recorder.failure(operation, error, origin=ORIGIN, seconds=0.2, attempts=3)


def only(folder: Path) -> JournalBatch:
    (batch,) = read_journal(folder)
    return batch


def test_a_line_has_what_was_counted_since_the_last_one(journal: Journal, folder: Path) -> None:
    recorder = journal.recorder("shop")
    for seconds in (0.004, 0.004, 40.0):
        recorder.success("read", seconds, 1, None)
    fail(recorder, refused())
    assert journal.flush()
    assert not journal.flush()
    recorder.success("read", 0.3, 2, None)
    assert journal.flush()
    first, second = read_journal(folder)
    (counts,) = first.calls
    assert (first.pid, counts.service, counts.operation) == (os.getpid(), "shop", "read")
    assert counts.outcomes == {"ok": 3, "ConnectionFailed": 1}
    assert counts.latency == {0: 2, 5: 1, len(BOUNDS): 1}
    assert counts.retries == 2
    assert counts.failure is not None
    assert counts.failure.host == "api.shop.example"
    assert counts.failure.reason == "api.shop.example:443: Connection refused"
    assert second.calls == (CallCounts("shop", "read", {"ok": 1}, {6: 1}, 0.3, 1),)


def test_several_journals_add_up(folder: Path) -> None:
    for _ in range(3):
        journal = Journal()
        journal._awake = True
        recorder = journal.recorder("shop")
        recorder.success("read", 0.02, 1, None)
        fail(recorder, ServerError(), "create")
        journal.flush()
    assert len(list(folder.glob("*.jsonl"))) == 1
    summaries = summarize(read_journal(folder))
    assert summaries["shop", "read"].outcomes == {"ok": 3}
    assert summaries["shop", "create"].count("ServerError", "TimedOut") == 3
    assert summaries["shop", "create"].retries == 6


def test_an_open_circuit_is_in_every_line_until_it_closes(journal: Journal, folder: Path) -> None:
    recorder = journal.recorder("shop")
    recorder.circuit(ORIGIN, "open", refused())
    journal.flush()
    recorder.success("read", 0.1, 1, None)
    journal.flush()
    recorder.circuit(ORIGIN, "closed", None)
    journal.flush()
    first, second, third = read_journal(folder)
    assert [circuit.reason for circuit in first.open] == [
        "api.shop.example:443: Connection refused"
    ]
    assert second.open == first.open
    assert third.open == ()
    assert [change.state for change in (*first.changes, *second.changes, *third.changes)] == [
        "open",
        "closed",
    ]


def test_a_deprecation_is_written_once_until_it_would_be_forgotten(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = journal.recorder("shop")
    recorder.deprecation("read", DeprecationNotice("sunset", None, "2027-12-31", "/v2"))
    for _ in range(2):
        recorder.success("read", 0.1, 1, None)
        journal.flush()
    monkeypatch.setattr(writer, "ANNOUNCE_AGAIN", -1.0)
    recorder.success("read", 0.1, 1, None)
    journal.flush()
    told = [[entry.sunset for entry in batch.deprecated] for batch in read_journal(folder)]
    assert told == [["2027-12-31"], [], ["2027-12-31"]]


def test_the_lowest_limit_of_the_ten_seconds_is_kept(journal: Journal, folder: Path) -> None:
    recorder = journal.recorder("shop")
    for remaining in (50.0, 3.0, 99.0):
        recorder.success("read", 0.1, 1, RateWindow("minute", remaining, 100.0))
    journal.flush()
    limit = only(folder).calls[0].limit
    assert limit is not None
    assert (limit.name, limit.remaining, limit.limit) == ("minute", 3, 100)


def test_names_beyond_the_limit_are_counted_together(journal: Journal) -> None:
    recorder = journal.recorder("shop")
    for number in range(MAX_OPERATIONS + 50):
        recorder.success(f"read-{number}", 0.1, 1, None)
    assert len(recorder.operations) == MAX_OPERATIONS + 1
    assert recorder.operations[OTHER].ok == 50


def test_files_are_bounded(journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_FILE", 900)
    recorder = journal.recorder("shop")
    for _ in range(150):
        recorder.success("read", 0.1, 1, None)
        journal.flush()
        time.sleep(0.001)  # a file's name has milliseconds
    files = list(folder.glob("*.jsonl"))
    assert len(files) == writer.MAX_FILES
    assert all(file.stat().st_size <= 900 for file in files)
    assert len(list(read_journal(folder))) < 150


def test_the_files_are_the_owners_alone_and_not_gits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTULE_JOURNAL", "")
    monkeypatch.delenv("NOCTULE_INBOX", raising=False)
    monkeypatch.chdir(tmp_path)
    journal = Journal()
    journal._awake = True
    journal.recorder("shop").success("read", 0.1, 1, None)
    journal.flush()
    (file,) = (tmp_path / ".noctule" / "journal").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert (tmp_path / ".noctule" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("journal", "inbox", "place"),
    [
        ("", "", ".noctule/journal"),
        ("", "/var/lib/shop/inbox.sqlite3", "/var/lib/shop/journal"),
        ("", "postgresql://db/shop", ".noctule/journal"),
        ("/var/log/shop", "/var/lib/shop/inbox.sqlite3", "/var/log/shop"),
        ("off", "", None),
        ("OFF", "", None),
        ("0", "", None),
    ],
)
def test_the_place(
    journal: str, inbox: str, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTULE_JOURNAL", journal)
    monkeypatch.setenv("NOCTULE_INBOX", inbox)
    folder = journal_folder()
    assert (None if folder is None else str(folder)) == place


def test_a_place_that_cannot_be_written_is_logged_once_and_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NOCTULE_JOURNAL", str(tmp_path / "file" / "journal"))
    journal = Journal()
    journal._awake = True
    for _ in range(3):
        journal.recorder("shop").success("read", 0.1, 1, None)
        journal.flush()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == (
        "the journal cannot be written (Not a directory); set NOCTULE_JOURNAL to another folder"
        " or to off"
    )


def test_an_error_says_what_happened_on_the_network_and_nothing_else() -> None:
    unknown = OutcomeUnknown("ours")
    unknown.__cause__ = TimedOut("api.shop.example: no answer in time")
    assert failure_reason(unknown) == "api.shop.example: no answer in time"
    assert failure_reason(ServerError("a text of the provider")) == ""
    assert failure_reason(RateLimited()) == ""


@given(st.lists(st.binary(max_size=60) | st.just(b"[" * 20_000), max_size=8))
def test_lines_that_cannot_be_read_are_left_out(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    batch = JournalBatch(1_800_000_000.0, "host", 1, (CallCounts("shop", "read", {"ok": 2}),))
    garbage = b"\n".join(lines)
    (folder / "calls-1-1.jsonl").write_bytes(garbage + b"\n")
    writer.append(folder, batch)
    (folder / "calls-2-1.jsonl").write_bytes(
        b'{"at": 1, "host": "x", "pid": "not a number"}\n{"at"'
    )
    assert list(read_journal(folder)) == [batch]
    assert list(read_journal(folder, since=1_800_000_000.1)) == []


@given(st.lists(st.floats(0, 100), min_size=1))
def test_a_quantile_is_the_bound_of_the_bucket_that_holds_it(values: list[float]) -> None:
    recorder = ServiceRecorder("shop", lambda: None)
    for value in values:
        recorder.success("read", value, 1, None)
    summary = CallSummary("shop", "read")
    summary.add(recorder.operations["read"].total("shop", "read"))
    for share in (0.5, 0.95, 1.0):
        rank = max(0, -(-len(values) * share // 1) - 1)
        exact = sorted(values)[int(rank)]
        bound = summary.quantile(share)
        assert exact <= bound or bound == 2 * BOUNDS[-1]


def test_metrics_are_the_same_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    monkeypatch.setattr(metrics, "JOURNAL", journal)
    recorder = journal.recorder("shop")
    recorder.success("read", 0.02, 3, None)
    fail(recorder, refused())
    recorder.circuit(ORIGIN, "open", refused())
    text = metrics.metrics_text()
    for line in (
        'noctule_calls_total{service="shop",operation="read",outcome="ok"} 1',
        'noctule_calls_total{service="shop",operation="read",outcome="ConnectionFailed"} 1',
        'noctule_call_retries_total{service="shop",operation="read"} 4',
        'noctule_call_seconds_bucket{service="shop",operation="read",le="0.025"} 1',
        'noctule_call_seconds_bucket{service="shop",operation="read",le="+Inf"} 2',
        'noctule_call_seconds_count{service="shop",operation="read"} 2',
        'noctule_circuit_open{service="shop",host="api.shop.example",operation=""} 1',
    ):
        assert line in text.splitlines()
    assert_prometheus(text)


def assert_prometheus(text: str) -> None:
    sample = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? [0-9.+e-]+')
    for line in text.splitlines():
        assert line.startswith("# ") or sample.fullmatch(line), line


def test_a_label_cannot_end_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    monkeypatch.setattr(metrics, "JOURNAL", journal)
    journal.recorder("shop").success('read"} 1\n', 0.1, 1, None)
    assert r'operation="read\"} 1\n"' in metrics.metrics_text()


def test_a_service_with_a_clock_of_its_own_is_not_in_the_journal(make_shop: Any) -> None:
    shop = make_shop()
    assert shop.service._results._telemetry.recorder is None
