"""The pages of figures are what `make figures` writes from the kept results."""

from __future__ import annotations

import json

import pytest

from benchmarks import figures
from benchmarks.shared import RESULTS

KEPT = sorted(RESULTS.glob("*.json"))


@pytest.mark.parametrize("path", figures.PAGES, ids=lambda path: path.parent.name)
def test_a_page_is_made_of_the_results(path):
    text = figures.pages().get(path)
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == text, "make figures"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_result_says_where_it_comes_from_and_is_on_a_page(path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert all(kept[key] for key in ("command", "commit", "date", "machine", "tables"))
    assert all(len(row) == len(table["head"]) for table in kept["tables"] for row in table["rows"])
    assert any(path.stem in names for _, names in figures.PAGES.values())
