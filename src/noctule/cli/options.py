"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

project = click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="the current folder",
    help="The project to write into.",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on stdout, talk on stderr."
)
lang = click.option(
    "--lang",
    type=click.Choice(["en", "fr"]),
    help="Language of the talk; by default that of the request.",
)
dry_run = click.option(
    "--dry-run", is_flag=True, help="Show the plan and a unified diff; write nothing."
)
document = click.option(
    "--doc",
    "document",
    metavar="PATH|URL",
    help="The provider's API document, JSON or YAML; replaces a pack's compact one.",
)
accept_incomplete = click.option(
    "--accept-incomplete",
    metavar="REASON",
    default="",
    help="Go on with an incomplete document; the reason is kept in the task.",
)


def planning(command: Callable[..., Any]) -> Callable[..., Any]:
    """What the commands that plan take, `plan` and `integrate`."""
    decorators: list[Decorator] = [
        click.argument("request"),
        document,
        click.option("--provider", metavar="ID", help="Answer: which provider is meant."),
        click.option("--need", metavar="NAME", help="Answer: which need is meant."),
        click.option(
            "--operation",
            "operations",
            metavar="'METHOD /path'",
            multiple=True,
            help="Plan exactly these operations; repeatable.",
        ),
        accept_incomplete,
        project,
        dry_run,
        as_json,
        lang,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command
