"""The page on documents says what the code does."""

import re
from pathlib import Path

from noctule.apidoc import bounds
from noctule.apidoc.quality.flaws import MOST_SCHEMAS
from noctule.apidoc.quality.gaps import BLOCKING
from noctule.apidoc.quality.score import DOCUMENT_SHARE, DOCUMENT_WEIGHTS, SOUND, WEIGHTS
from noctule.messages import catalog
from support.paths import DOCS

PAGE = (DOCS / "documents.md").read_text(encoding="utf-8")


def test_every_gap_is_on_the_page_with_its_weight() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", PAGE, flags=re.MULTILINE))
    known = {name.removeprefix("gap_") for name in catalog("apidoc") if name.startswith("gap_")}
    assert rows.keys() == known
    assert {name for name, stops in rows.items() if stops == "yes"} == set(BLOCKING)


def test_the_weights_are_on_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:yes|no) \| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert {name: int(weight) for name, weight in rows} == {**WEIGHTS, **DOCUMENT_WEIGHTS}
    assert f"÷ {sum(DOCUMENT_WEIGHTS.values())}\n" in PAGE
    assert f"{100 - DOCUMENT_SHARE} × mean" in PAGE
    assert f"+ {DOCUMENT_SHARE} × weight" in PAGE
    assert re.search(rf"{SOUND} for having no flaw", PAGE)
    assert f"at most {MOST_SCHEMAS} for one operation" in PAGE


def test_every_bound_is_on_the_page() -> None:
    for text in (
        f"{bounds.MAX_BYTES // 2**20} MB", f"{bounds.MAX_YAML_BYTES // 2**20} MB",
        f"| {bounds.MAX_NESTING} |", f"| {bounds.MAX_ALIASED:,} |", f"| {bounds.MAX_FILES:,} |",
        f"| {bounds.TIMEOUT:.0f} s |", f"| {bounds.TOTAL:.0f} s |",
    ):  # fmt: skip
        assert text in PAGE, text


def test_the_example_runs(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert code is not None
    (tmp_path / "openapi.yaml").write_text(
        "openapi: 3.1.0\npaths:\n  /v1/payment_intents:\n    post:\n      responses:\n"
        "        '200': {content: {application/json: {schema: {type: string}}}}\n",
        encoding="utf-8",
    )
    runnable = code[1].replace('load("openapi.yaml")', f"load({str(tmp_path / 'openapi.yaml')!r})")
    names: dict[str, object] = {}
    exec(compile(runnable, "documents.md", "exec"), names)
    assert names["operation"] is not None
