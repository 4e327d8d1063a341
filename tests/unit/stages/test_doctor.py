"""The doctor: green only if all is well, and every other finding with what to do next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from noctule.cli import run
from noctule.messages import LANGUAGES, catalog
from noctule.runtime.journal.entries import (
    CallCounts,
    CallFailure,
    CircuitChange,
    DeprecatedOperation,
    JournalBatch,
    LimitUse,
    OpenCircuit,
)
from noctule.runtime.journal.writer import append
from noctule.stages.doctor import diagnose
from noctule.stages.doctor.calls import check_calls

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.stages.doctor import DoctorFinding

NOW = datetime(2027, 1, 15, 3, 0, tzinfo=UTC).timestamp()
KEY = "sk_test_" + "a" * 24
TASK = """\
integration_task:
  service: "Stripe"
  files:
    - path: "app/stripe.py"
      purpose: "wrapper"
  env_vars:
    - name: "STRIPE_SECRET_KEY"
      description: "key"
  methods:
    - name: "create_payment_intent"
      does: "create"
  webhooks: []
  error_handling:
    retry: "3 attempts"
    fallback: "none"
  tests: "tests/test_stripe.py"
"""


def batch(
    ago: float, outcomes: dict[str, int] | None = None, pid: int = 1, **parts: Any
) -> JournalBatch:
    """What a process counted some seconds ago."""
    failure = parts.pop("failure", None)
    limit = parts.pop("limit", None)
    calls = (CallCounts("stripe", "charge", outcomes or {}, {3: 1}, failure=failure, limit=limit),)
    return JournalBatch(NOW - ago, "web-1", pid, calls if outcomes else (), **parts)


def failure(error: str, ago: float = 5, **facts: Any) -> CallFailure:
    return CallFailure(NOW - ago, error, "api.stripe.com", **facts)


def findings(*batches: JournalBatch) -> dict[str, DoctorFinding]:
    return {finding.check: finding for finding in check_calls(batches, NOW)}


def test_all_is_well() -> None:
    found = findings(batch(7200, {"ok": 900}), batch(5, {"ok": 995, "NotFound": 5}))
    assert list(found) == ["well"]
    assert found["well"].severity == "good"
    assert (
        found["well"].text("en").startswith("1,000 calls in the last 15 minutes of traffic, 0.0 %")
    )
    assert found["well"].next("en") == ""


@pytest.mark.parametrize(
    ("error", "facts", "check", "cause"),
    [
        ("ConnectionFailed", {"reason": "api.stripe.com:443: DNS: no such host"}, "network",
         "api.stripe.com:443: DNS: no such host"),
        ("TimedOut", {"reason": "api.stripe.com: no answer in time"}, "network",
         "api.stripe.com: no answer in time"),
        ("ServerError", {"status": 503}, "provider", "api.stripe.com: ServerError 503"),
        ("InvalidResponse", {"status": 200}, "provider", "api.stripe.com: InvalidResponse 200"),
        ("Unauthorized", {"status": 401}, "credentials", "api.stripe.com: Unauthorized 401"),
        ("RateLimited", {"status": 429}, "limits", "api.stripe.com: RateLimited 429"),
        ("OutcomeUnknown", {}, "unknown", "api.stripe.com: OutcomeUnknown"),
    ],
)  # fmt: skip
def test_failures_now_are_told_beside_those_before(
    error: str, facts: dict[str, Any], check: str, cause: str
) -> None:
    found = findings(
        batch(7200, {"ok": 990, error: 10}),
        batch(600, {"ok": 1}),
        batch(5, {error: 8}, failure=failure(error, **facts)),
    )
    assert list(found) == [check]
    finding = found[check]
    assert finding.severity == "bad"
    assert finding.subject == "stripe.charge"
    assert (finding.values["failed"], finding.values["calls"]) == ("8", "9")
    assert finding.values["before"] == "1.0 %"
    assert finding.values["cause"] == cause
    assert finding.next("en")
    assert finding.next("fr") != finding.next("en")


@pytest.mark.parametrize(
    ("outcomes", "severity"),
    [
        ({"ok": 1000, "ServerError": 20}, "good"),
        ({"ok": 20, "ServerError": 2}, "good"),
        ({"ok": 94, "ServerError": 6}, "warning"),
        ({"ok": 1, "ServerError": 1}, "bad"),
        ({"ServerError": 1}, "bad"),
        ({"ok": 10, "NotFound": 2}, "good"),
        ({"ok": 1, "Unprocessable": 3}, "warning"),
    ],
)
def test_how_many_failures_are_too_many(outcomes: dict[str, int], severity: str) -> None:
    (finding,) = findings(batch(5, outcomes)).values()
    assert finding.severity == severity


def test_calls_that_failed_before_the_traffic_stopped_are_still_told() -> None:
    """At three in the morning, nobody has called since ten."""
    found = findings(
        batch(6 * 3600, {"ok": 100}),
        batch(5 * 3600, {"ServerError": 8}, failure=failure("ServerError", 5 * 3600, status=500)),
    )
    assert found["provider"].severity == "bad"
    assert found["provider"].values["last"] != found["provider"].values["success"]


def test_an_outage_that_is_over_is_told_as_such() -> None:
    last = failure("ServerError", 300, status=503)
    outage = batch(300, {"ok": 1, "ServerError": 40}, failure=last)
    found = findings(outage, batch(5, {"ok": 25}))
    assert [(f.severity, f.check) for f in found.values()] == [("warning", "recovered")]
    assert "25 calls succeeded since" in found["recovered"].text("en")
    still = findings(outage, batch(15, {"ok": 25}), batch(5, {"ServerError": 1}))
    assert [(f.severity, f.check) for f in still.values()] == [("bad", "provider")]


def test_failures_of_the_day_before_are_past() -> None:
    assert findings(batch(2 * 86400, {"ServerError": 8})) == {}


def test_an_open_circuit_is_told_with_its_cause_until_its_process_says_otherwise() -> None:
    circuit = OpenCircuit(
        "stripe", "api.stripe.com", NOW - 300, "api.stripe.com: DNS: no such host"
    )
    change = CircuitChange(NOW - 300, "stripe", "api.stripe.com", "open")
    opened = batch(50, {"ok": 9}, 1, open=(circuit,), changes=(change,))
    other = batch(20, {"ok": 900}, 2)
    found = findings(opened, other)
    assert found["circuit"].severity == "bad"
    assert "in 1 of 2 processes: api.stripe.com: DNS: no such host" in found["circuit"].text("en")
    assert "circuit" not in findings(opened, other, batch(10, {"ok": 1}, 1))
    ended = batch(290, {"ok": 9}, 1, open=(circuit,), changes=(change,))
    assert "circuit" not in findings(ended, other)  # others call that host with success
    assert "circuit" in findings(ended, batch(20, {"ServerError": 9}, 2))
    assert "circuit" not in findings(batch(2 * 3600, {"ok": 1}, 1, open=(circuit,)), other)


def test_the_open_circuit_of_an_operation_is_no_outage() -> None:
    circuit = OpenCircuit("stripe", "api.stripe.com", NOW - 300, "ServerError (status 500)", "read")
    found = findings(batch(50, {"ok": 9}, 1, open=(circuit,)), batch(20, {"ok": 900}, 2))
    finding = found["circuit_of_operation"]
    assert finding.subject == "stripe.read"
    assert "read at api.stripe.com is open" in finding.text("en")
    assert "ServerError (status 500)" in finding.text("fr")
    assert "circuit" not in found


@pytest.mark.parametrize(
    ("sunset", "check", "severity"),
    [
        (None, "deprecated", "warning"),
        ("2028-01-01", "sunset", "warning"),
        ("2027-02-01", "sunset", "bad"),
        ("2027-01-01", "ended", "bad"),
    ],
)
def test_deprecations_have_their_dates(sunset: str | None, check: str, severity: str) -> None:
    entry = DeprecatedOperation("stripe", "charge", "deprecation", "2026-12-01", sunset, "/v2")
    found = findings(batch(3 * 86400, {"ok": 1}, deprecated=(entry,)), batch(5, {"ok": 1}))
    assert found[check].severity == severity
    assert (sunset or "2026-12-01") in found[check].text("en")
    assert "/v2" in found[check].next("en")
    assert "well" not in found


@pytest.mark.parametrize(("remaining", "told"), [(9, True), (11, False)])
def test_a_limit_that_is_nearly_used_is_told(remaining: int, told: bool) -> None:
    limit = LimitUse(NOW - 60, "core", remaining, 100)
    found = findings(batch(60, {"ok": 5}, limit=limit))
    assert ("limit" in found) is told
    old = LimitUse(NOW - 2 * 3600, "core", remaining, 100)
    assert "limit" not in findings(batch(2 * 3600, {"ok": 5}, limit=old))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "integrations").mkdir()
    (tmp_path / "integrations" / "stripe.yaml").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("NOCTULE_JOURNAL", "")
    for name in ("NOCTULE_INBOX", "STRIPE_WEBHOOK_SECRET", "STRIPE_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def journal_now(project: Path, outcomes: dict[str, int]) -> None:
    now = datetime.now(UTC).timestamp()
    calls = (CallCounts("stripe", "charge", outcomes, {3: 1}),)
    append(project / ".noctule" / "journal", JournalBatch(now, "web-1", 1, calls))


def test_a_project_whose_calls_and_secrets_are_well_is_green(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_now(project, {"ok": 10})
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out == (
        "✓ Stripe: STRIPE_SECRET_KEY is set and has the right form\n"
        "✓ stripe: 10 calls in the last 15 minutes of traffic, 0.0 % failed,"
        " 95 % ended within 0.05 s\n"
    )


def test_the_json_says_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal_now(project, {"Unauthorized": 3})
    assert run(["doctor", "--json", "--lang", "fr"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["good"] is False
    (finding,) = [item for item in printed["findings"] if item["severity"] == "bad"]
    assert (finding["source"], finding["check"], finding["subject"]) == (
        "calls", "credentials", "stripe.charge",
    )  # fmt: skip
    assert finding["text"].startswith("les identifiants ont été rejetés")
    assert "noctule doctor" in finding["next"]


def test_no_recorded_call_is_not_well(project: Path) -> None:
    diagnosis = diagnose(project)
    assert {finding.check: finding.severity for finding in diagnosis.findings} == {
        "formed": "good",
        "none": "warning",
    }
    assert not diagnosis.good


def test_a_journal_that_is_off_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCTULE_JOURNAL", "off")
    assert "off" in {finding.check for finding in diagnose(project).findings}


@pytest.mark.parametrize(
    ("variables", "check"),
    [
        ({"STRIPE_SECRET_KEY": ""}, "missing"),
        ({"STRIPE_SECRET_KEY": f'"{KEY}"'}, "surrounded"),
        ({"STRIPE_SECRET_KEY": f" {KEY}"}, "surrounded"),
        ({"STRIPE_SECRET_KEY": "whsec_" + "b" * 32}, "form"),
        ({"STRIPE_SECRET_KEY": "SG." + "b" * 32}, "kind"),
        ({"APP_ENV": "Production"}, "test_key"),
        ({"STRIPE_SECRET_KEY": "", "STRIPE_SECRET_KEY_FILE": "/nowhere/key"}, "unreadable"),
        ({"STRIPE_SECRET_KEY_FILE": "/nowhere/key"}, "unreadable"),
    ],
)
def test_the_form_of_each_secret_is_checked_and_none_is_shown(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    check: str,
) -> None:
    journal_now(project, {"ok": 1})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "✗ Stripe: STRIPE_SECRET_KEY" in shown
    assert KEY not in shown
    assert "b" * 32 not in shown
    assert [f.check for f in diagnose(project).findings if f.severity == "bad"] == [check]


def test_a_live_key_in_production_is_well(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_now(project, {"ok": 1})
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY.replace("test", "live"))
    assert diagnose(project).good


def test_a_folder_without_anything_to_look_at_is_not_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOCTULE_INBOX", raising=False)
    assert run(["doctor", "--project", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("nothing to look at")


def test_what_is_not_good_has_a_next_step_in_both_languages() -> None:
    good = {"secrets_formed", "secrets_set", "calls_well", "webhooks_clock",
            "webhooks_clock_unknown", "webhooks_heard", "webhooks_no_lag",
            "webhooks_refused_few"}  # fmt: skip
    texts = catalog("doctor")
    assert {name for name, text in texts.items() if "next_en" not in text} == good
    assert all(texts[name][language] for name in texts for language in LANGUAGES)
