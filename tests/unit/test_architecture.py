"""The house is as ARCHITECTURE.md draws it, and stays small."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from support.paths import ROOT

SOURCE = ROOT / "src" / "noctule"
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
