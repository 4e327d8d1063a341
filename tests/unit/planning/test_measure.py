"""Floors under the planner's figures, a little below what `benchmarks/planner.py` prints."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from support.paths import BENCHMARKS, ROOT

SHARED = ROOT.parent / "shared" / "restbench"


def benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("benchmark_planner", BENCHMARKS / "planner.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "fr"])
def test_our_requests(language: str) -> None:
    figures = benchmark().own_requests(language)
    assert figures["provider"] >= 0.95
    assert figures["need"] >= 0.93
    assert figures["recall"] >= 0.87


@pytest.mark.skipif(not SHARED.is_dir(), reason="RestBench is not beside this repository")
@pytest.mark.parametrize(("name", "at10"), [("tmdb", 0.92), ("spotify", 0.93)])
def test_restbench(name: str, at10: float) -> None:
    figures = benchmark().restbench(name)
    assert figures["noctule"]["recall@10"] >= at10
    assert figures["noctule"]["all@10"] >= 0.80
    assert figures["noctule fr"]["recall@10"] >= figures["noctule"]["recall@10"] - 0.05
    assert figures["noctule"]["recall@10"] > figures["bm25"]["recall@10"]
