"""The command line: one module per command, loaded only when that command runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from noctule import __version__

# Name -> (module, short help). The texts are here so that `--help` imports no command; a test
# compares them with the commands' own.
COMMANDS: dict[str, tuple[str, str]] = {
    "integrate": ("noctule.cli.integrate", "Plan, generate, test and prove an integration."),
    "plan": ("noctule.cli.plan", "Write the integration task for a request."),
    "generate": ("noctule.cli.generate", "Write the files that a task names."),
    "prove": ("noctule.cli.prove", "Run the generated wrapper against a fake provider that fails."),
    "probe": (
        "noctule.cli.probe",
        "Find where an API document and the provider differ.",
    ),
    "check": (
        "noctule.cli.check",
        "Check a task file against the provider's pack and API document.",
    ),
    "task": ("noctule.cli.task", "Inspect a task file."),
    "document": (
        "noctule.cli.document",
        "Inspect an API document: its score, its operations.",
    ),
    "webhooks": ("noctule.cli.webhooks", "Receive, process and inspect webhooks."),
    "doctor": (
        "noctule.cli.doctor",
        "Check secrets, calls and webhooks; say what to run next.",
    ),
    "providers": ("noctule.cli.providers", "List the providers that noctule knows."),
}


class Commands(click.Group):
    """A group whose commands are imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101  (a module without one is our bug)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 success, 1 findings, 2 usage error, 3 refused by a rule, 4 conflicts, "
    "5 input required, 6 network or file-system error, 70 internal error.",
)
@click.version_option(__version__, message="noctule %(version)s")
def root() -> None:
    """noctule integrates third-party APIs: it plans them, generates the code and proves it.

    Start with: noctule integrate "Integrate Stripe for payments"
    """


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `noctule` command; ends the process with a documented exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code: Any = root.main(arguments, prog_name="noctule", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("noctule: interrupted; nothing was left half-written", err=True)
        return 130
    except Exception as error:  # a user never sees a traceback
        if os.environ.get("NOCTULE_DEBUG"):
            raise
        from noctule.cli.views.failure import show_failure

        return show_failure(error, arguments)
    return code if isinstance(code, int) else 0
