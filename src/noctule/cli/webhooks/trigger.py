"""`noctule webhooks trigger`: a signed sample, to a local server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import trouble
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.messages import Language
    from noctule.stages.webhooks.routes import Route
    from noctule.webhooks.request import WebhookRequest


@click.command("trigger", short_help="Send a signed sample to a local server.")
@click.argument("provider")
@click.argument("event")
@click.option("--url", default="", help="Where to; http://127.0.0.1:8000 and the path by default.")
@click.option("--payload", metavar="FILE|-", help="A JSON object instead of the sample.")
@click.option("--id", "name", default="", help="The event's id; a fresh one by default.")
@click.option(
    "--secret", metavar="VARIABLE", help="What signs; a private key in PEM for a key pair."
)
@click.option("--print", "only_print", is_flag=True, help="Print the request, send nothing.")
@options.project
@options.as_json
@options.lang
def command(
    provider: str,
    event: str,
    folder: Path,
    as_json: bool,
    lang: Language | None,
    **given: Any,
) -> int:
    """Send a signed sample of an EVENT to a local server, as PROVIDER would.

    The sample is made from the provider's API document and signed here, with the same secret that
    the server has in its environment. Nothing goes to the provider. Ends with 1 when the server
    does not accept it.
    """
    from noctule.stages.webhooks.routes import own_route

    output = Output(lang or "en", as_json=as_json)
    route = own_route(provider, folder)
    with trouble():
        request = _request(route, event, **given)
    if given["only_print"]:
        click.echo(_printed(request))
        return int(Exit.DONE)
    status, told = _post(request)
    good = 200 <= status < 300
    output.say(
        "webhooks.triggered" if good else "webhooks.trigger_refused",
        event=event,
        url=request.url,
        status=status,
        told=told,
    )
    output.json({"event": event, "url": request.url, "status": status, "answer": told})
    return int(Exit.DONE if good else Exit.FINDINGS)


def _request(route: Route, event: str, **given: Any) -> WebhookRequest:
    from noctule.runtime.secrets import env
    from noctule.stages.webhooks.samples import sample_of
    from noctule.webhooks.errors import InvalidSecret
    from noctule.webhooks.operations.admin import trigger
    from noctule.webhooks.schemes.registry import scheme_of

    scheme = scheme_of(route.provider)
    payload = given["payload"]
    data = _payload(payload) if payload else sample_of(route.provider, event, scheme)
    variable = given["secret"] or route.secrets[0]
    secret = env(variable).read().reveal()
    url = given["url"] or f"http://127.0.0.1:8000{route.path}"
    try:
        return trigger(scheme, event, data, secret=secret, url=url, id=given["name"])
    except InvalidSecret as error:
        raise Problem(
            "webhooks.cannot_sign", exit=Exit.USAGE, place=variable, cause=str(error)
        ) from error


def _payload(place: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise Problem(
            "webhooks.no_payload", exit=Exit.USAGE, place=place, cause=str(error)
        ) from error
    if not isinstance(data, dict):
        raise Problem(
            "webhooks.no_payload", exit=Exit.USAGE, place=place, cause="not a JSON object"
        )
    return cast("dict[str, Any]", data)


def _post(request: WebhookRequest) -> tuple[int, str]:
    import httpx2

    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
    try:
        answer = httpx2.post(request.url, headers=headers, content=request.body, timeout=10)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Problem(
            "webhooks.no_server",
            exit=Exit.OUTSIDE,
            place=request.url,
            cause=type(error).__name__,
        ) from error
    return answer.status_code, answer.text[:500]


def _printed(request: WebhookRequest) -> str:
    """The request as `explain` reads it from a file."""
    head = "".join(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}\n" for name, value in request.headers
    )
    return f"{request.method} {request.url} HTTP/1.1\n{head}\n{request.body.decode()}"
