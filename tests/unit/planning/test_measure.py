"""Floors under the planner's figures, a little below what `python -m benchmarks planner` prints."""

from __future__ import annotations

import pytest

from benchmarks import planner
from support.paths import ROOT

SHARED = ROOT.parent / "shared" / "restbench"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_our_requests(language: str) -> None:
    figures = planner.own_requests(language)
    assert figures["provider"] >= 0.95
    assert figures["need"] >= 0.93
    assert figures["recall"] >= 0.87


@pytest.mark.skipif(not SHARED.is_dir(), reason="RestBench is not beside this repository")
@pytest.mark.parametrize(("name", "at10"), [("tmdb", 0.92), ("spotify", 0.93)])
def test_restbench(name: str, at10: float) -> None:
    figures = planner.restbench(name)
    assert figures["noctule"]["recall@10"] >= at10
    assert figures["noctule"]["all@10"] >= 0.80
    assert figures["noctule fr"]["recall@10"] >= figures["noctule"]["recall@10"] - 0.05
    assert figures["noctule"]["recall@10"] > figures["bm25"]["recall@10"]
