"""Some dozen generated packages under two strict type checkers, one run of each for all of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noctule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMIT = 1200.0
"""Seconds for one run."""
SOURCES = Path(noctule.__file__).parents[1]
"""What the clients import is the noctule that generated them, not one that is installed."""
ERROR = re.compile(r"^(?P<package>c_\w+)/(?P<place>[^:]+):\d+: error: (?P<cause>.*)$")

Said = list[tuple[str, str]]


def check(out: Path, packages: Sequence[str]) -> dict[str, list[str]]:
    """Package -> what `mypy --strict` and pyright (strict) say of its modules, tests left out.
    A package that is not there is clean."""
    errors: dict[str, list[str]] = defaultdict(list)
    for name, tool in (("mypy", mypy), ("pyright", pyright)):
        for package, cause in whole(tool, out, packages):
            errors[package].append(f"{name}: {cause}")
    return dict(errors)


def whole(tool: Any, out: Path, packages: Sequence[str]) -> Said:
    """What a tool says of the packages; of each alone where one of them stops it, for that one
    would hide all others."""
    if not packages:
        return []
    try:
        return list(tool(out, packages))
    except (ValueError, subprocess.TimeoutExpired) as error:
        if len(packages) == 1:
            return [(packages[0], f"stopped: {error}"[:300])]
        return [error_line for package in packages for error_line in whole(tool, out, [package])]


def mypy(out: Path, packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    listed = out / ".modules"
    modules = [str(path.relative_to(out)) for name in packages for path in sources(out / name)]
    listed.write_text("\n".join(modules), encoding="utf-8")
    process = run(out, "mypy", "--strict", "--no-error-summary", "--hide-error-context",
               "--no-color-output", "--cache-dir", ".mypy_cache", f"@{listed.name}")  # fmt: skip
    if process.returncode not in (0, 1):
        raise ValueError((process.stderr or process.stdout).strip()[-250:])
    for line in process.stdout.splitlines():
        if match := ERROR.match(line):
            yield match["package"], f"{match['place']}: {match['cause']}"


def pyright(out: Path, packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": [*packages],
        "exclude": ["**/tests"],
        "extraPaths": [str(SOURCES)],
    }
    (out / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    process = run(out, "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(out))
    report = json.loads(process.stdout or "{}")  # its words, where it stopped, are no JSON
    count = len([path for name in packages for path in sources(out / name)])
    if report["summary"]["filesAnalyzed"] < count:
        raise ValueError(f"{report['summary']['filesAnalyzed']} of {count} modules read")
    for diagnostic in report["generalDiagnostics"]:
        package, _, place = str(Path(diagnostic["file"]).relative_to(out)).partition("/")
        if diagnostic["severity"] == "error":
            yield package, f"{place}: {diagnostic['message']} [{diagnostic.get('rule', 'syntax')}]"


def run(out: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=out, capture_output=True, text=True,
        timeout=LIMIT, check=False, env={**os.environ, "MYPYPATH": str(SOURCES)},
    )  # fmt: skip


def sources(package: Path) -> list[Path]:
    """The modules that go into production."""
    return [p for p in sorted(package.rglob("*.py")) if "tests" not in p.relative_to(package).parts]
