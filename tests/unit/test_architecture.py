"""The house is as ARCHITECTURE.md draws it, and stays small."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from support.paths import ROOT

SOURCE = ROOT / "src" / "noctule"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))


def test_the_page_names_every_room_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| \d \| `(\w+)`", page, flags=re.MULTILINE))
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    assert named == rooms | modules


def test_the_page_is_one_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_a_room_imports_only_rooms_of_lower_floors() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_modules_are_small() -> None:
    sizes = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES)
    assert sizes[-1] <= 600
    assert sizes[len(sizes) // 2] <= 150


def test_functions_fit_a_screen() -> None:
    sizes = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert sizes[-1] <= 60
    assert sizes[len(sizes) * 95 // 100] <= 45


def test_no_module_holds_a_mark_of_unfinished_work() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    found = [str(p.relative_to(ROOT)) for p in MODULES if marks.search(p.read_text("utf-8"))]
    assert found == []


def test_test_files_do_not_repeat_the_name_of_their_package() -> None:
    """`tests/unit/runtime/test_breaker.py`, not `test_runtime_breaker.py`."""
    files = [p for d in ("unit", "integration") for p in (TESTS / d).rglob("test_*.py")]
    assert [p for p in files if p.stem.startswith(f"test_{p.parent.name}_")] == []
    assert [p.name for p in (TESTS / "unit").glob("test_*.py")] == [Path(__file__).name]
    assert list((TESTS / "integration").glob("test_*.py")) == []


def test_tests_import_their_helpers_from_support() -> None:
    """`from support.runtime_calling import config`; no edit of the module search path."""
    helpers = "|".join(
        path.stem for path in (TESTS / "support").glob("*.py") if path.stem[0] != "_"
    )
    stray = re.compile(rf"^\s*(from|import) ({helpers}|conftest)\b|^sys\.path\.", re.MULTILINE)
    files = [path for path in TESTS.rglob("*.py") if stray.search(path.read_text("utf-8"))]
    assert files == []
