"""`noctule webhooks`: receive, process and inspect webhooks."""

from __future__ import annotations

from importlib import import_module

import click

# Name -> (module, one line of help), as in `noctule.cli`.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve", "Receive deliveries: verify, store and acknowledge them."),
    "work": ("work", "Run the handlers of a module on stored events."),
    "tail": ("tail", "Show events as they arrive."),
    "list": ("list", "List stored events, or rejections."),
    "show": ("show", "Show one event, masked."),
    "explain": ("explain", "Explain why a delivery was rejected, and how to fix it."),
    "replay": ("replay", "Process events again."),
    "trigger": ("trigger", "Send a signed sample event to a local server."),
    "forward": ("forward", "Forward events to an application in development."),
    "enrol": ("enrol", "Wait for the secret that a provider sends itself."),
    "backfill": ("backfill", "Ask the provider for missed events."),
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
        assert isinstance(command, click.Command)  # noqa: S101  (a module without one is our bug)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command("webhooks", cls=_Commands, short_help="Receive, process and inspect webhooks.")
def command() -> None:
    """Receive, process and inspect webhooks.

    The inbox is a SQLite file in .noctule/, unless NOCTULE_INBOX is set to another path or to a
    postgresql:// address.
    """
