"""What a user would run on generated code: formatter, linter, type checkers, tests."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from noctule.project.rendered import Rendered

RULES = "E,F,I,UP,B,SIM,RUF,N,ANN,C4,PIE,RET,D100,D101,D200,D201,D207,D208,D209,D210,D300,D419"
IGNORED = "RUF001,RUF002,RUF003,ANN401,N815,N818"
"""Letters that look alike come from documents; so do names such as `mixedCase` in typed dicts."""


CACHE = tempfile.TemporaryDirectory(prefix="noctule-mypy-")


def write(root: Path, files: Iterable[Rendered]) -> None:
    for file in files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def run(root: Path, *command: str) -> str:
    """What the tool complains about; "" when it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return "" if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-3000:]


def unformatted(root: Path, width: int = 88) -> str:
    return run(root, "ruff", "format", "--isolated", "--line-length", str(width), "--diff", ".")


def lint(root: Path, width: int = 88) -> str:
    select = ["--select", RULES, "--ignore", IGNORED, "--line-length", str(width)]
    return run(root, "ruff", "check", "--isolated", "--no-cache", *select, ".")


def mypy(root: Path) -> str:
    """One cache for all projects of a run: what they stand on is read once."""
    return run(root, "mypy", "--strict", "--cache-dir", CACHE.name, ".")


def pyright(root: Path) -> str:
    config = {"typeCheckingMode": "strict", "include": ["app", "tests"], "pythonVersion": "3.11"}
    (root / "pyrightconfig.json").write_text(json.dumps(config))
    return run(root, "pyright", "--pythonpath", sys.executable, "-p", str(root))


def tests(root: Path, *arguments: str) -> str:
    """Runs the generated tests, every warning an error, with the plugins they need alone."""
    plugins = ("-p", "anyio.pytest_plugin", "-p", "noctule.runtime.testing.plugin")
    return run(root, "pytest", "-q", "-x", "-W", "error", *plugins, *arguments)
