"""Write the pages that are made from the program itself: `make pages`."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from noctule.cli import COMMANDS, root
from noctule.problem import Exit
from support import header_table

DOCS = Path(__file__).parent
OPENING = """\
# The command line

`make pages` writes this page from the commands themselves; a test compares the two.

Messages go to standard output; with `--json`, one JSON object goes to standard output and messages
to standard error. Messages are in the language of the request, English or French; `--lang`
overrides that. `NO_COLOR` is respected. A command never leaves a half-written file: it writes to
temporary names, then renames.

## Exit codes

| code | meaning |
|---|---|
"""
MEANINGS = {
    Exit.DONE: "success",
    Exit.FINDINGS: "a finding, a failed test, or a promise broken under a fault",
    Exit.USAGE: "usage error: the command line, the request, the document or the task is not valid",
    Exit.REFUSED: "refused by a rule: an unsigned webhook, an incomplete document, a secret",
    Exit.CONFLICTS: "your edits conflict with a new version; the files contain conflict markers",
    Exit.QUESTION: "input required: the question is on standard output as JSON",
    Exit.OUTSIDE: "network or file-system error, or a missing tool",
    Exit.BUG: "internal error; the message names a report file",
}


def pages() -> dict[Path, str]:
    """Every page that is made, with its text."""
    return {DOCS / "cli.md": commands(), DOCS / "runtime" / "headers.md": header_table.page()}


def commands() -> str:
    """Each command's own help, below the exit codes."""
    codes = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return OPENING + codes + "".join(_section([name]) for name in COMMANDS)


def _section(path: list[str]) -> str:
    command: click.Command = root
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    screen = CliRunner().invoke(root, [*path, "--help"], prog_name="noctule", terminal_width=100)
    text = f"\n## noctule {' '.join(path)}\n\n```text\n{screen.output.rstrip()}\n```\n"
    inner = (
        command.list_commands(click.Context(command)) if isinstance(command, click.Group) else ()
    )
    return text + "".join(_section([*path, name]) for name in inner)


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
