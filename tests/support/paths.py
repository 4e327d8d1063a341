"""Folders of the repository, and of the real API documents beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
CARD = DATA / "card.yaml"
DOCS = ROOT / "docs"
BENCHMARKS = ROOT / "benchmarks"
SPECS = ROOT.parent / "shared" / "specs"
"""Not in every checkout: tests that need a document skip where it is absent."""
