"""`noctule webhooks explain`: why a delivery was rejected, and the fix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import inbox

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.explain import Explanation


@click.command("explain", short_help="Explain why a delivery was rejected, and how to fix it.")
@click.argument("target", metavar="TARGET")
@click.option("--provider", metavar="ID", default="", help="The provider that sent the file.")
@click.option(
    "--secret",
    "secrets",
    metavar="VARIABLE",
    multiple=True,
    help="The variable with the secret; repeatable.",
)
@click.option(
    "--retired",
    metavar="VARIABLE",
    multiple=True,
    help="The variable with an earlier secret; repeatable.",
)
@click.option("--url", default="", help="The address registered at the provider.")
@click.option(
    "--at", metavar="TIME", default="", help="When it arrived: ISO 8601, or 2h ago; now by default."
)
@inbox
@options.as_json
@options.lang
def command(
    target: str,
    provider: str,
    secrets: tuple[str, ...],
    retired: tuple[str, ...],
    url: str,
    at: str,
    inbox: str | None,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Explain why a delivery was rejected, and how to fix it.

    TARGET is a file with the whole HTTP request (with --provider), a rejection from `list
    --rejected` (r7), or a stored event. Exits with 1 when there is something to fix.
    """
    from noctule.stages.webhooks.explain import explain_capture, explain_stored

    output = Output(lang or "en", as_json=as_json)
    path = Path(target)
    explanation = (
        explain_capture(path, provider=provider, secrets=secrets, retired=retired, url=url, at=at)
        if path.is_file()
        else explain_stored(inbox, target)
    )
    _show(output, explanation)
    output.json(explanation.as_json(output.language))
    return options.exit_code(good=explanation.good)


def _show(output: Output, explanation: Explanation) -> None:
    from noctule.stages.webhooks.inbox import format_time

    event = explanation.event
    if event is not None:
        name = f"#{event.seq}"
        output.say("webhooks.genuine", name=name, secret=event.signed_with, coverage=event.coverage)
        values = {"reason": event.reason, "number": str(event.seq), "at": format_time(event.due)}
        output.say(f"webhooks.state_{explanation.state}", **values)
    elif not explanation.causes:
        output.say("webhooks.accepted", name=explanation.target)
    for cause in explanation.causes:
        certainty = "certain" if cause.certain else "likely"
        output.say(f"webhooks.cause_{certainty}", why=cause.why(output.language))
        output.say("webhooks.fix", fix=cause.fix(output.language))
