"""Generate an integration of the operations into a folder; of the whole API without any.

A program of its own, so that its start and its memory count.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import IntegrationTask
from noctule.planning import plan
from noctule.project.frameworks import framework_of
from noctule.project.layout import Layout
from noctule.providers import find


def generate(
    source: str, folder: Path, operations: Sequence[str] = (), target: str = "fastapi"
) -> IntegrationTask:
    """The task of these operations, of all without any, once its files lie in `folder`."""
    document = apidoc.load(source)
    first = operations or list(document.operations)[:1]
    name = Path(source).stem
    layout = Layout(framework=framework_of(target))
    draft = plan(f"Use {name}", layout=layout, document=document, operations=first, accepted="-")
    task = draft.task
    if task is None:
        raise SystemExit("no task")
    if not operations:
        task.scope, task.methods = "whole", []
    for file in render(task, document, draft.pack or find(task.provider)):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return task


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = argparse.ArgumentParser(description=__doc__)
    command_line.add_argument("document")
    command_line.add_argument("folder", type=Path)
    command_line.add_argument("operations", nargs="*")
    options = command_line.parse_args(arguments)
    generate(options.document, options.folder, options.operations)
    return 0


if __name__ == "__main__":
    sys.exit(main())
