"""`noctule task`: look at a task file."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("task", short_help="Look at a task file.")
def command() -> None:
    """Look at a task file."""


@command.command("show", short_help="Print a task file.")
@click.argument("path", metavar="TASK", type=click.Path(path_type=Path))
@click.option("--card", "card_only", is_flag=True, help="Only the keys of the agent card.")
@click.option("--json", "as_json", is_flag=True, help="The task as one JSON object.")
def show(path: Path, card_only: bool, as_json: bool) -> None:
    """Print a task file, as it is read: validated, its keys in order."""
    from noctule import manifest

    task = manifest.read(path)
    text = manifest.card(task) if card_only else manifest.dumps(task)
    click.echo(manifest.to_json(text) if as_json else text, nl=False)


@command.command("schema", short_help="Print the JSON Schema of a task file.")
def schema() -> None:
    """Print the JSON Schema of a task file, for editors and agents."""
    import json

    from noctule import manifest

    click.echo(json.dumps(manifest.json_schema(), indent=2))
