"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noctule.stages.targets import TARGETS

if TYPE_CHECKING:
    from noctule.cli.output import Output
    from noctule.messages import Language
    from noctule.stages.plan import PlanOptions

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

project = click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="the current folder",
    help="The project's folder.",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON to stdout, messages to stderr."
)
lang = click.option(
    "--lang",
    type=click.Choice(["en", "fr"]),
    help="Language of messages; by default that of the request, otherwise English.",
)
dry_run = click.option(
    "--dry-run", is_flag=True, help="Show the plan and a unified diff without writing."
)
task = click.argument("path", metavar="[TASK]", required=False, type=click.Path(path_type=Path))
document = click.option(
    "--doc",
    "document",
    metavar="PATH|URL",
    help="The provider's API document, JSON or YAML; replaces the pack's compact one.",
)
overlay = click.option(
    "--overlay",
    metavar="FILE",
    help="An OpenAPI Overlay that corrects the document of --doc; kept in the task.",
)
failure = click.option(
    "--failure",
    metavar="flag:NAME|error:NAME,…",
    help="How failures inside a 200 look: flag:ok,code:error where `ok` is then false, error:errors"
    " where `errors` is then there.",
)
accept_incomplete = click.option(
    "--accept-incomplete",
    metavar="REASON",
    default="",
    help="Continue with an incomplete document; the reason is recorded in the task.",
)


def planning(command: Callable[..., Any]) -> Callable[..., Any]:
    """The request and the options of `plan` and `integrate`."""
    decorators: list[Decorator] = [
        click.argument("request"),
        document,
        overlay,
        click.option("--provider", metavar="ID", help="The provider, to answer a question."),
        click.option(
            "--need", metavar="NAME", help="What the provider is needed for, to answer a question."
        ),
        click.option(
            "--operation",
            "operations",
            metavar="'METHOD /path'",
            multiple=True,
            help="Plan exactly this operation; repeatable.",
        ),
        click.option(
            "--whole",
            is_flag=True,
            help="Wrap every operation of the document, one module per resource.",
        ),
        accept_incomplete,
        click.option(
            "--server",
            metavar="NAME|URL|N",
            help="The production server, where the document names several.",
        ),
        click.option(
            "--auth",
            metavar="bearer|basic|digest|header:NAME|none",
            help="How to authenticate, where the document does not say (also query:NAME,"
            " cookie:NAME, signed:FILE).",
        ),
        click.option(
            "--audience",
            metavar="TEXT",
            help="For whom the tokens of OAuth 2 client credentials are.",
        ),
        failure,
        click.option(
            "--unsigned",
            type=click.Choice(["refetch"]),
            help="Receive webhooks that are not signed as hints to read the object again.",
        ),
        click.option(
            "--target",
            type=click.Choice(TARGETS),
            help="The framework; by default the project's own, otherwise fastapi.",
        ),
        project,
        dry_run,
        as_json,
        lang,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def plan_options(
    request: str, lang: Language | None, *, as_json: bool, **answers: Any
) -> tuple[Output, PlanOptions]:
    """The values of the options of `planning`, and the output in the request's language."""
    from noctule.cli.output import Output
    from noctule.stages.language import detect_language
    from noctule.stages.plan import PlanOptions

    if answers["overlay"] and not answers["document"]:
        raise click.UsageError("--overlay corrects the document of --doc; give both")
    language = lang or detect_language(request)
    selected = PlanOptions(
        request=request,
        language=language,
        document=answers["document"],
        overlay=answers["overlay"] or "",
        provider=answers["provider"] or "",
        need=answers["need"] or "",
        operations=answers["operations"],
        accepted=answers["accept_incomplete"],
        target=answers["target"] or "",
        whole=answers["whole"],
        unsigned=answers["unsigned"] or "",
        server=answers["server"] or "",
        auth=answers["auth"] or "",
        audience=answers["audience"] or "",
        failure=answers["failure"] or "",
    )
    return Output(language, as_json=as_json), selected


def exit_code(*, good: bool, conflict: bool = False) -> int:
    """The exit code of a command that ran to its end."""
    from noctule.problem import Exit

    return int(Exit.FINDINGS if not good else Exit.CONFLICTS if conflict else Exit.DONE)
