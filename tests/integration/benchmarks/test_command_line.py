"""Every benchmark explains itself, and an unknown name or option starts nothing."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.__main__ import NAMES
from support.paths import BENCHMARKS, ROOT

ASKED = """
import contextlib, io, json, sys
from benchmarks.__main__ import NAMES, main
answers = {}
for name in NAMES:
    for option in ("--help", "--no-such-option"):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                code = main([name, option])
            except SystemExit as end:
                code = end.code
        answers[f"{name} {option}"] = code, said.getvalue()
print(json.dumps(answers))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_each_has_help_and_refuses_an_unknown_option() -> None:
    done = run("-c", ASKED)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == 2 * len(NAMES)
    for line, (code, said) in answers.items():
        name, option = line.split()
        assert code == (0 if option == "--help" else 2), line
        assert said.startswith(f"usage: python -m benchmarks {name}"), line
        assert option != "--help" or "\nTakes " in said, f"{name}: how long does it take?"


def test_every_benchmark_is_listed() -> None:
    having_main = {
        ".".join(path.relative_to(BENCHMARKS).with_suffix("").parts)
        for path in BENCHMARKS.rglob("*.py")
        if "\ndef main(arguments: Sequence[str] | None = None) -> int:" in path.read_text("utf-8")
    }
    assert having_main - {"__main__", "codegen.generate"} == set(NAMES)
    done = run("-m", "benchmarks")
    assert all(f"  {name} " in done.stdout for name in NAMES)


def test_an_unknown_name_is_a_usage_error() -> None:
    done = run("-m", "benchmarks", "runtime.cals")
    assert done.returncode == 2
    assert "did you mean runtime.calls" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_changes_no_page_and_no_result() -> None:
    def state() -> dict[str, int]:
        folders = (BENCHMARKS / "results", ROOT / "docs")
        return {str(p): p.stat().st_mtime_ns for folder in folders for p in folder.rglob("*")}

    before = state()
    done = run("-m", "benchmarks", "runtime.duplicates", "--calls", "60")
    assert done.returncode == 0, done.stderr
    assert state() == before
