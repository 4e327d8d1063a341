"""`noctule webhooks`: take deliveries in, work on them, look at them."""

from __future__ import annotations

from importlib import import_module

import click

# Name -> (module, one line of help), as in `noctule.cli`.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve", "Take deliveries in: verify, store, answer."),
    "work": ("work", "Run the handlers of a module on what was stored."),
    "tail": ("tail", "Show events as they come."),
    "list": ("list", "List stored events, or rejections."),
    "show": ("show", "Show one event, masked."),
    "explain": ("explain", "Say why a delivery was rejected, and the fix."),
    "replay": ("replay", "Process events again."),
    "trigger": ("trigger", "Send a signed sample to a local server."),
    "forward": ("forward", "Send events on to an application in development."),
    "enrol": ("enrol", "Wait for the secret that a provider sends itself."),
    "sweep": ("sweep", "Ask the provider for what was missed."),
    "doctor": ("doctor", "Check secrets, clocks, lag and silence."),
}


class _Commands(click.Group):
    """Imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*COMMANDS]  # `list` is a command here, and its module once it was used

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)  # noqa: S101  (a module without one is a bug of ours)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(
    "webhooks", cls=_Commands, short_help="Take webhooks in, work on them, look at them."
)
def command() -> None:
    """Take webhooks in, work on them, look at them.

    The inbox is a SQLite file in .noctule/, or what NOCTULE_INBOX says: a path, or a postgresql://
    address.
    """
