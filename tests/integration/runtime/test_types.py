"""The types of the public surface, by mypy and by pyright."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from support.paths import ROOT

FILE = ROOT / "tests" / "typing" / "runtime.py"
EXPECTED = {
    number
    for number, line in enumerate(FILE.read_text().splitlines(), 1)
    if re.search(r"#\sE:", line) and "assert_type" not in line
}


def mypy_lines() -> set[int]:
    command = [sys.executable, "-m", "mypy", "--strict", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return {int(n) for n in re.findall(r"runtime\.py:(\d+): error", done.stdout)}


def pyright_lines() -> set[int]:
    # Without `--pythonpath` it reads `.venv`, which need not be what runs this test.
    options = ["--outputjson", "--pythonpath", sys.executable]
    command = [sys.executable, "-m", "pyright", *options, str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    messages = json.loads(done.stdout)["generalDiagnostics"]
    return {m["range"]["start"]["line"] + 1 for m in messages if m["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy_lines, pyright_lines], ids=["mypy", "pyright"])
def test_users_see_the_types_that_are_meant(checker: object) -> None:
    assert callable(checker)
    assert EXPECTED
    assert checker() == EXPECTED
