"""docs/drill.md is true: its commands run in a shell, with real processes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = DOCS / "drill.md"
PATIENCE = 120
"""Seconds until a command has to say what the page shows: events are processed meanwhile."""
READS = ("noctule doctor", "noctule webhooks list", "noctule webhooks show",
         "noctule webhooks explain", "noctule webhooks tail", "cat ", "grep ")  # fmt: skip
LATER = "# twenty minutes later"
CLOCK = """
import os, time
shift, real = float(os.environ.get("DRILL_SECONDS", "0")), time.time
time.time = lambda: real() + shift
"""
VARYING = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": "<time>",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "<time>",
    r"[+-]?\b\d+(?:\.\d+)? (?:s|min|h)\b(?: \d+ (?:s|min)\b)?": "<duration>",
    r"seconds=[\d.]+": "seconds=<duration>",
    r"\br\d+\b": "<rejection>",
    r"\btest_[0-9a-f]+": "<id>",
    r"attempts: \d+": "attempts: <count>",
    r"attempts so far: \d+": "attempts so far: <count>",
    r"size: \d+": "size: <count>",
}


def commands() -> list[tuple[str, str]]:
    """The commands of the page, each with what it shows below it."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [
        (line, output)
        for block in blocks
        for line, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def files() -> dict[str, str]:
    """The files of the page: a heading line with the name in backticks, then the code."""
    found = re.findall(r"^`([\w.]+)`[^\n]*:\n\n```python\n(.*?)```", PAGE.read_text("utf-8"),
                       re.DOTALL | re.MULTILINE)  # fmt: skip
    return dict(found)


def plain(text: str) -> str:
    """Without what differs from one run to the next."""
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def matches(shown: str, printed: str) -> bool:
    """Whether this was printed; a line with only … in the page is any number of lines."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line) + r"\n"
        for line in plain(shown).splitlines()
    ]
    return re.fullmatch("".join(lines), plain(printed)) is not None


class Shell:
    """A shell in the project's folder, that runs one command after the other."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            sockets = {"8787": a, "8788": b, "9464": c}
            for free in sockets.values():
                free.bind(("127.0.0.1", 0))
            self.ports = {port: str(free.getsockname()[1]) for port, free in sockets.items()}
        site = folder / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(CLOCK)
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NOCTULE_", "STRIPE_")) and not name.endswith("_ENV")
        }
        environ |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(site),
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            [shutil.which("bash") or "bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def here(self, text: str) -> str:
        """A text of the page with the ports that are free on this machine."""
        for port, free in self.ports.items():
            text = text.replace(port, free)
        return text

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of a command, and what it printed."""
        command = self.here(command)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\nprintf '\\n<%s>\\n' $?\n")
        self.process.stdin.flush()
        printed = ""
        while not (end := re.search(r"\n?\n<(\d+)>\n\Z", printed)):
            line = self.process.stdout.readline()
            assert line, printed
            printed += line
        output = printed[: end.start()]
        for port, free in self.ports.items():
            output = output.replace(free, port)
        return int(end[1]), f"{output}\n" if output else ""

    def wait_for(self, port: str) -> None:
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self.ports[port])), 1).close()
            except OSError:
                assert time.monotonic() < limit, f"nobody listens on {port}"
                time.sleep(0.05)
            else:
                return

    def end(self) -> None:
        """The shell and what it started: they are a session of their own."""
        os.killpg(self.process.pid, 9)
        self.process.communicate()


@pytest.fixture
def shell(project: Path) -> Iterator[Shell]:
    shell = Shell(project)
    for name, text in files().items():
        (project / name).write_text(shell.here(text), encoding="utf-8")
    yield shell
    shell.end()


def test_the_drill_goes_as_its_page_says(shell: Shell) -> None:
    lines = commands()
    assert {"shop.py", "provider.py", "calls.py"} <= files().keys()
    doctors = [shown for line, shown in lines if line.startswith("noctule doctor")]
    assert len(doctors) >= 7
    assert "✗" not in doctors[-1] + doctors[0]
    for line, shown in lines:
        if line.endswith(LATER):
            shell.run("export DRILL_SECONDS=1200")
        limit = time.monotonic() + PATIENCE
        code, printed = shell.run(line)
        while not matches(shown, printed) and line.startswith(READS):
            if time.monotonic() > limit:
                break
            code, printed = shell.run(line)
        assert matches(shown, printed), f"$ {line}\n{printed}\ninstead of\n{shown}"
        if line.startswith("noctule doctor"):
            assert code == (1 if re.search("^[✗!]", shown, re.MULTILINE) else 0)
        for name, port in (("webhooks serve", "8787"), ("provider.py", "8788")):
            if name in line and line.split("#")[0].strip().endswith("=$!"):
                shell.wait_for(port)
