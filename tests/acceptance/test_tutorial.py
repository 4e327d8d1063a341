"""The tutorial, followed word for word."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import command
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
VARIABLES = dict(re.findall(r"^export (\w+)=(\S+)$", PAGE, re.MULTILINE))
COMMANDS = [
    line.split('"')[0].split()[1:] + re.findall(r'"(.+?)"', line)
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in re.findall(r"^\$ (.+)$", block, re.MULTILINE)
]
MAIN, CHECKOUT_TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after steps 1, 2 and 4."""
    folder = tmp_path_factory.mktemp("shop")
    assert command(folder, *COMMANDS[0]).code == 0
    (folder / "app" / "main.py").write_text(MAIN)
    (folder / "tests" / "test_checkout.py").write_text(CHECKOUT_TEST)
    return folder


@pytest.fixture
def url(shop: Path) -> Iterator[str]:
    """The application of step 3, listening."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)],
        cwd=shop,
        env=os.environ | VARIABLES,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    for line in server.stderr:
        if "Uvicorn running" in line:
            break
    yield f"http://127.0.0.1:{port}/api/webhooks/stripe"
    server.terminate()
    server.communicate()


def test_step_1_creates_the_files_of_the_table(shop: Path) -> None:
    files = re.findall(r"^\| `([\w./]+)` \|", PAGE, re.MULTILINE)
    assert len(files) == 6
    for file in files:
        assert (shop / file).is_file(), file


def test_step_3_accepts_the_signed_event_and_refuses_the_other(shop: Path, url: str) -> None:
    accepted, events, event, refused, rejections, explain = COMMANDS[1:7]
    assert command(shop, *accepted, "--url", url, **VARIABLES).code == 0
    _wait_until_done(shop)
    assert "payment_intent.succeeded" in command(shop, *events).out
    assert " done" in command(shop, *event).out
    assert command(shop, *refused, "--url", url, **VARIABLES).code == 1
    assert "signature_mismatch" in command(shop, *rejections).out
    assert "secret" in command(shop, *explain, **VARIABLES).out


def _wait_until_done(shop: Path) -> None:
    """Until `tail` shows an event in the state `done`."""
    tail = subprocess.Popen(
        [sys.executable, "-m", "noctule", "webhooks", "tail"],
        cwd=shop,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with tail:
        assert tail.stdout
        assert any(" done" in line for line in tail.stdout)
        tail.terminate()


def test_step_4_tests_the_outage(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_checkout.py"],
        cwd=shop,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_step_5_the_proof_fails_without_the_key_and_holds_with_it(shop: Path) -> None:
    wrapper = shop / "app" / "services" / "stripe_service.py"
    text = wrapper.read_text()
    start = text.index("CREATE_PAYMENT_INTENT = ")
    place = text.index('retry="with_key"', start)
    wrapper.write_text(text[:place] + text[place:].replace("with_key", "idempotent", 1))
    done = command(shop, *COMMANDS[7])
    assert done.code == 1
    assert "requests: 2, effects: 2" in done.out
    wrapper.write_text(text)
    assert command(shop, *COMMANDS[7]).code == 0
