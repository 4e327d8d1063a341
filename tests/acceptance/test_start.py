"""The command starts at once: help imports nothing heavy."""

import subprocess
import sys

import pytest

from noctule.cli import COMMANDS, root

HEAVY = ("httpx2", "msgspec", "yaml", "cryptography", "apsw", "jsonschema_rs", "asyncio", "fastapi")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from noctule.cli import run; code = run(sys.argv[1:]); "
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]; "
        "print(heavy, file=sys.stderr); raise SystemExit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_short_help_equals_the_commands_own() -> None:
    import click

    context = click.Context(root)
    for name, (_, line) in COMMANDS.items():
        own = root.get_command(context, name)
        assert own is not None
        assert own.name == name
        assert own.short_help == line
