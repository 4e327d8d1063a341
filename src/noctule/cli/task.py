"""`noctule task`: inspect a task file."""

from __future__ import annotations

from pathlib import Path

import click

from noctule.cli.output import json_lines, lines


@click.group("task", short_help="Inspect a task file.")
def command() -> None:
    """Inspect a task file."""


@command.command("show", short_help="Print a task file.")
@click.argument("path", metavar="TASK", type=click.Path(path_type=Path))
@click.option("--card", "card_only", is_flag=True, help="Only the keys of the agent card.")
@click.option("--json", "as_json", is_flag=True, help="The task as one JSON object.")
def show(path: Path, card_only: bool, as_json: bool) -> None:
    """Print a task file as noctule reads it: validated, its keys in order."""
    from noctule.stages.task import task_text

    text = task_text(path, card_only=card_only, as_json=as_json)
    click.echo(json_lines(text) if as_json else lines(text), nl=False)


@command.command("schema", short_help="Print the JSON Schema of a task file.")
def schema() -> None:
    """Print the JSON Schema of a task file, for editors and agents."""
    import json

    from noctule.stages.task import task_schema

    click.echo(json.dumps(task_schema(), indent=2))
