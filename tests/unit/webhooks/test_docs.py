"""docs/webhooks.md lists every reason and cause, and its numbers equal the constants."""

from __future__ import annotations

import pytest

from noctule.messages import catalog
from noctule.webhooks import Reason
from noctule.webhooks.explain.causes import OTHER
from support.paths import DOCS

PAGE = (DOCS / "webhooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_under_its_status(reason):
    [row] = [line for line in PAGE.splitlines() if f"`{reason}`" in line and line.startswith("|")]
    assert row.startswith(f"| {reason.status} |")


@pytest.mark.parametrize("key", sorted(catalog("explain").keys() - {OTHER}))
def test_every_cause_is_described(key):
    assert f"`{key}`" in PAGE


def test_the_waits_and_limits_equal_the_constants(answer_seconds):
    from noctule.webhooks import request
    from noctule.webhooks.processing import inbox, worker
    from noctule.webhooks.receiving import limits
    from noctule.webhooks.schemes import schema
    from noctule.webhooks.verification import classify
    from noctule.webhooks.verification.verify import MAX_CANDIDATES

    assert worker.DELAYS == (5, 30, 120, 600, 3600, 10800, 28800, 86400)
    assert "5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, 24 h (±20 %)" in PAGE
    assert f"longer than {worker.HANDLER_TIMEOUT:.0f} s" in PAGE
    assert f"claims an event for {worker.LEASE:.0f} s" in PAGE
    assert f"| {worker.CONCURRENCY} per receiver |" in PAGE
    assert f"| {inbox.WAITING_ROWS:,} deliveries or {inbox.WAITING_BYTES >> 20} MiB |" in PAGE
    assert f"| {request.MAX_FIELDS:,}; {classify.MAX_BATCH:,} |" in PAGE
    assert f"| {MAX_CANDIDATES} |" in PAGE
    assert f"| {limits.MAX_HEADERS}, {limits.MAX_HEADER_BYTES >> 10} KiB in all" in PAGE
    assert schema.MAX_BODY == 1 << 20
    assert "After 350 ms it is 503" in PAGE
    assert answer_seconds == 0.35
