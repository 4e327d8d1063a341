"""`noctule prove`: the generated wrapper against a provider that fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("prove", short_help="Run the generated wrapper against a fake provider that fails.")
@options.task
@click.option(
    "--fault", "faults", metavar="NAME", multiple=True, help="Only this fault; repeatable."
)
@click.option(
    "--method",
    "methods",
    metavar="NAME",
    multiple=True,
    help="Only this method, or this event; repeatable.",
)
@click.option(
    "--python",
    type=click.Path(path_type=Path),
    help="The Python that runs the wrapper; by default the project's own.",
)
@options.project
@options.as_json
@options.lang
def command(
    path: Path | None,
    faults: tuple[str, ...],
    methods: tuple[str, ...],
    python: Path | None,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Run the generated wrapper against a fake provider that fails.

    Each method of TASK meets every fault, each webhook every kind of bad delivery. The matrix shows
    what the wrapper did and whether each promise held. Nothing leaves this machine, and the
    credentials are made up. Exits with 1 when a promise was broken.
    """
    from noctule.cli.steps import prove_step
    from noctule.stages.context import open_task
    from noctule.stages.prove import table

    context = open_task(folder, path, writes=False)
    output = Output(lang or context.task.language, as_json=as_json)
    matrix = prove_step(output, context, python=python, faults=faults, methods=methods)
    output.text(table(matrix, output.language))
    code = options.exit_code(good=matrix.held)
    output.json({**matrix.as_json(), "exit": code})
    return code
