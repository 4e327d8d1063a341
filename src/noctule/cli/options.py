"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noctule.project.frameworks import FRAMEWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.cli.output import Output
    from noctule.messages import Language
    from noctule.project.workspace import Change
    from noctule.stages.plan import Wish

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
task = click.argument("path", metavar="[TASK]", required=False, type=click.Path(path_type=Path))
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
        click.option(
            "--whole",
            is_flag=True,
            help="Wrap every operation of the document, a module per resource.",
        ),
        accept_incomplete,
        click.option(
            "--target",
            type=click.Choice(list(FRAMEWORKS)),
            help="The framework; by default the project's own, else fastapi.",
        ),
        project,
        dry_run,
        as_json,
        lang,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def wish_of(
    request: str, lang: Language | None, *, as_json: bool, **answers: Any
) -> tuple[Output, Wish]:
    """What the options of `planning` come to."""
    from noctule.cli.output import Output
    from noctule.planning import detect_language
    from noctule.stages.plan import Wish

    language = lang or detect_language(request)
    wish = Wish(
        request=request,
        language=language,
        document=answers["document"],
        provider=answers["provider"] or "",
        need=answers["need"] or "",
        operations=answers["operations"],
        accepted=answers["accept_incomplete"],
        target=answers["target"] or "",
        whole=answers["whole"],
    )
    return Output(language, as_json=as_json), wish


def files_json(changes: Sequence[Change], *, diffs: bool) -> list[dict[str, Any]]:
    from noctule.cli.views import changes_json

    return changes_json(changes, diffs=diffs)


def exit_code(*, good: bool, conflict: bool = False) -> int:
    """What a command ends with when nothing stopped it."""
    from noctule.problem import Exit

    return int(Exit.FINDINGS if not good else Exit.CONFLICTS if conflict else Exit.DONE)
