"""Metrics of answers and attempts, with labels that no sender chooses."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from noctule.webhooks.processing.metrics import METRICS, Metrics
from noctule.webhooks.store.base import RouteOverview

pytestmark = pytest.mark.anyio


def _value(name: str, **labels: str) -> float:
    wanted = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    lines = re.search(rf"^{name}{re.escape(wanted)} (.+)$", METRICS.text(), re.MULTILINE)
    return float(lines[1]) if lines else 0.0


async def test_answers_and_attempts_are_counted(provider_of):
    stripe = provider_of("stripe", route="metrics-1", work=False)
    stripe.receiver.on("*")(lambda event: None)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t"})
        await stripe.sends({"id": "evt_1", "type": "t"})
        await stripe.sends({"id": "evt_2", "type": "t"}, secret="whsec_other")
        await stripe.receiver.drain()
    name, route = "noctule_webhooks_deliveries_total", "metrics-1"
    assert _value(name, route=route, outcome="accepted", reason="") == 1
    assert _value(name, route=route, outcome="duplicate", reason="") == 1
    assert _value(name, route=route, outcome="rejected", reason="signature_mismatch") == 1
    assert _value("noctule_webhooks_attempts_total", route=route, state="done") == 1
    assert _value("noctule_webhooks_answer_seconds_count", route=route) == 3
    assert _value("noctule_webhooks_handler_seconds_count", route=route) == 1


async def test_a_sender_cannot_create_series(provider_of):
    stripe = provider_of("stripe", route="metrics-2", work=False)
    async with stripe.receiver.lifespan():
        for n in range(20):
            await stripe.sends(
                {"id": f"evt_{n}", "type": f'made.up.{n}"}}'}, extra=[(f"x-{n}", "y")]
            )
            await stripe.sends({"id": f"evt_{n}", "type": "t"}, secret=f"whsec_{n}")
    mine = [
        line for line in METRICS.text().splitlines() if "metrics-2" in line and "le=" not in line
    ]
    assert len(mine) == 4
    assert not any("made" in line for line in mine)


def test_the_text_is_what_prometheus_reads():
    metrics = Metrics()
    metrics.answered('we"ird\\route\n', "accepted", "", 0.03)
    metrics.answered('we"ird\\route\n', "accepted", "", 7.0)
    overview = RouteOverview("r", {"pending": 3}, 90.0, 40.0, {})
    text = metrics.text([overview], now=100.0)
    assert r'route="we\"ird\\route\n"' in text
    assert 'answer_seconds_bucket{route="we\\"ird\\\\route\\n",le="0.05"} 1' in text
    assert 'le="+Inf"} 2' in text
    assert 'noctule_webhooks_events{route="r",state="pending"} 3' in text
    assert 'noctule_webhooks_lag_seconds{route="r"} 60.000' in text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))


def test_opentelemetry_is_used_if_the_application_imports_it():
    code = """
import opentelemetry.metrics as otel
told = []
class Instrument:
    def __init__(self, name): self.name = name
    def add(self, value, labels): told.append((self.name, value, labels))
    record = add
class Meter:
    def create_counter(self, name, **_): return Instrument(name)
    create_histogram = create_counter
otel.get_meter = lambda name: Meter()
from noctule.webhooks.processing.metrics import Metrics
Metrics().answered("r", "accepted", "", 0.5)
print(told)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "('noctule_webhooks_deliveries', 1, {'route': 'r', 'outcome': 'accepted'" in done.stdout
    assert "('noctule_webhooks_answer_seconds', 0.5, {'route': 'r'})" in done.stdout
