"""`noctule webhooks trigger`: a signed sample event, to a local server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from noctule.cli import options
from noctule.cli.output import Output, lines

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.messages import Language


@click.command("trigger", short_help="Send a signed sample event to a local server.")
@click.argument("provider")
@click.argument("event")
@click.option(
    "--url", default="", help="Where to send it; by default http://127.0.0.1:8000 and the path."
)
@click.option("--payload", metavar="FILE|-", help="A JSON object to send instead of the sample.")
@click.option("--id", default="", help="The event's id; a fresh one by default.")
@click.option(
    "--secret",
    metavar="VARIABLE",
    default="",
    help="The secret that signs; a private key in PEM for a key pair.",
)
@click.option("--print", "only_print", is_flag=True, help="Print the request without sending it.")
@options.project
@options.as_json
@options.lang
def command(
    provider: str,
    event: str,
    url: str,
    payload: str | None,
    id: str,  # noqa: A002 - click names it after the option
    secret: str,
    only_print: bool,
    folder: Path,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Send a signed sample of EVENT to a local server, as PROVIDER would.

    The sample is made from the provider's API document and signed with the secret that the server
    has in its environment. Nothing is sent to the provider. Exits with 1 when the server does not
    accept it.
    """
    from noctule.stages.webhooks.trigger import http_text, read_payload, sample_request, send_sample

    output = Output(lang or "en", as_json=as_json)
    text = sys.stdin.read() if payload == "-" else None
    request = sample_request(
        folder,
        provider,
        event,
        payload=read_payload(payload, text) if payload else None,
        secret=secret,
        url=url,
        event_id=id,
    )
    if only_print:
        text = http_text(request)  # exact where it is piped
        click.echo(lines(text) if sys.stdout.isatty() else text)
        return options.exit_code(good=True)
    result = send_sample(request, event)
    output.say(
        "webhooks.triggered" if result.good else "webhooks.trigger_refused",
        event=event,
        url=result.url,
        status=result.status,
        response=result.response,
    )
    output.json(result.as_json())
    return options.exit_code(good=result.good)
