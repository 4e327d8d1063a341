"""The packages are as ARCHITECTURE.md describes them, small, without circles, in plain words.

`tests/data/architecture.toml` lists the names and phrases that are gone, and some questions.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, takewhile
from operator import eq
from pathlib import Path

from hypothesis import settings

from support.paths import DATA, ROOT

SOURCE = ROOT / "src" / "noctule"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))

LISTS = tomllib.loads((DATA / "architecture.toml").read_text(encoding="utf-8"))


def test_the_page_names_every_room_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| \d \| `(\w+)`", page, flags=re.MULTILINE))
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    assert named == rooms | modules


def test_the_page_is_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 140


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


def test_packages_are_small() -> None:
    """At most 14 modules beside each other, and as many sub-packages; the root has one per room."""
    for package in {path.parent for path in MODULES} - {SOURCE}:
        modules = [path for path in package.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 14, package
        assert len(list(package.glob("*/__init__.py"))) <= 14, package


def test_a_class_name_stands_for_one_class() -> None:
    modules: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                modules[node.name].add(str(path.relative_to(SOURCE)))
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}


def _dotted(path: Path) -> str:
    name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imported(path: Path, known: set[str]) -> Iterator[str]:
    """Modules of noctule that the module imports, inside functions and for types as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _in_circles(arrows: dict[str, set[str]]) -> set[str]:
    """Names from which an arrow leads back to themselves."""

    def reached(start: str) -> set[str]:
        names: set[str] = set()
        pending = set(arrows[start])
        while pending:
            name = pending.pop()
            names.add(name)
            pending |= arrows[name] - names
        return names

    return {name for name in list(arrows) if name in reached(name)}


def test_no_package_has_a_circle_in_it() -> None:
    known = {_dotted(path) for path in MODULES}
    arrows: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in MODULES:
        if path.name == "__init__.py":  # it only re-exports what the package holds
            continue
        module = _dotted(path)
        for other in _imported(path, known):
            here, there = module.split("."), other.split(".")
            depth = len(list(takewhile(bool, map(eq, here, there))))
            if other in known and depth < min(len(here), len(there)):
                arrows[".".join(here[:depth])][here[depth]].add(there[depth])
    circles = {package: sorted(_in_circles(inside)) for package, inside in arrows.items()}
    assert {package: names for package, names in circles.items() if names} == {}


def test_the_page_says_where_things_are() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for question, path in LISTS["questions"].items():
        assert (SOURCE / path).is_file(), f"{question} {path} is not there: say where it went"
        assert f"| {question} | `{path}` |" in page
    rows = re.findall(r"^\| .+\? \| `(.+)` \|$", page, flags=re.MULTILINE)
    assert len(rows) >= 20
    assert [path for path in rows if not (SOURCE / path).exists()] == []


def _texts() -> Iterator[tuple[str, str]]:
    """Files that people read, each with its blanks made one."""
    trees = (ROOT / "src", ROOT / "docs")
    files = chain(ROOT.glob("*.md"), *(tree.rglob("*") for tree in trees))
    for path in files:
        if path.suffix in (".py", ".toml", ".md") and path.parent.name != "packs":
            yield str(path.relative_to(ROOT)), " ".join(path.read_text(encoding="utf-8").split())


def test_old_phrases_are_gone() -> None:
    new = [
        f"{name}: {phrase}"
        for name, text in _texts()
        for phrase in LISTS["phrases"]
        if re.search(phrase, text, re.IGNORECASE)
    ]
    assert new == []


def test_old_names_are_gone() -> None:
    names = {path.stem for path in MODULES} & set(LISTS["old_modules"])
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name in LISTS["old_classes"]:
                names.add(node.name)
    assert names == set()


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


def test_hypothesis_has_one_profile_and_no_deadline() -> None:
    assert settings().deadline is None
    own = re.compile(r"register_profile|\bsettings\([^)]*\bdeadline\b")
    files = [path for path in TESTS.rglob("*.py") if own.search(path.read_text("utf-8"))]
    assert {path.name for path in files} <= {"conftest.py", Path(__file__).name}
