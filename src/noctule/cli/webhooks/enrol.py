"""`noctule webhooks enrol`: keep the secret that a provider sends itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import INTERRUPTED

if TYPE_CHECKING:
    from noctule.messages import Language


@click.command("enrol", short_help="Wait for the secret that a provider sends itself.")
@click.argument("provider")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 60, min_open=True),
    default=10.0,
    show_default=True,
    help="How long to wait.",
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to keep the secret; .noctule/secrets/NAME by default.",
)
@click.option("--replace", is_flag=True, help="Replace the secret that is in that file.")
@options.project
@options.as_json
@options.lang
def command(
    provider: str,
    host: str,
    port: int,
    minutes: float,
    file: Path | None,
    replace: bool,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Wait for the secret that PROVIDER sends itself (Notion, Asana), and keep it in a file.

    It listens at the address of the webhook, accepts the one message that carries a secret, and
    ends. The first such message wins, so run this only while you subscribe. Every other message is
    refused, and the secret is never shown.
    """
    from noctule.stages.webhooks.enrol import prepare_enrolment, wait_for_secret

    output = Output(lang or "en", as_json=as_json)
    enrolment = prepare_enrolment(
        folder, provider, host=host, port=port, file=file, replace=replace
    )
    received = wait_for_secret(
        enrolment,
        minutes * 60,
        on_listening=lambda: output.say(
            "webhooks.enrolling",
            provider=enrolment.provider,
            url=enrolment.url,
            minutes=f"{minutes:g}",
        ),
        on_refused=lambda reason: output.say("webhooks.enrol_refused", reason=reason),
    )
    if not received:
        output.say("webhooks.enrol_stopped")
        return INTERRUPTED
    output.say("webhooks.enrolled", **enrolment.as_json())
    output.json(enrolment.as_json())
    return options.exit_code(good=True)
