"""Send a signed sample event to a local server, as the provider would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx2

from noctule.problem import Exit, Problem
from noctule.runtime.secrets import env
from noctule.stages.webhooks.inbox import as_problem
from noctule.stages.webhooks.routes import own_route
from noctule.stages.webhooks.samples import sample_payload
from noctule.webhooks.errors import InvalidSecret
from noctule.webhooks.operations.admin import trigger
from noctule.webhooks.schemes.registry import scheme_of

if TYPE_CHECKING:
    from noctule.webhooks.request import WebhookRequest

LOCAL_SERVER = "http://127.0.0.1:8000"
TIMEOUT = 10.0
SHOWN = 500
"""Characters of the server's response that are kept."""


@dataclass(frozen=True)
class TriggerResult:
    """What the server responded."""

    event: str
    url: str
    status: int
    response: str

    @property
    def good(self) -> bool:
        """Whether it accepted the event."""
        return 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "url": self.url,
            "status": self.status,
            "answer": self.response,
        }


def sample_request(
    folder: Path,
    provider: str,
    event: str,
    *,
    payload: dict[str, Any] | None = None,
    secret: str = "",
    url: str = "",
    event_id: str = "",
) -> WebhookRequest:
    """A signed request that carries `payload`, a sample from the provider's document by default.

    `secret` names the variable that signs, by default that of the project's task or the pack.
    Raises `Problem`.
    """
    with as_problem():
        route = own_route(provider, folder)
        scheme = scheme_of(route.provider)
        data = sample_payload(route.provider, event, scheme) if payload is None else payload
        variable = secret or route.secrets[0]
        value = env(variable).read().reveal()
        address = url or f"{LOCAL_SERVER}{route.path}"
        try:
            return trigger(scheme, event, data, secret=value, url=address, id=event_id)
        except InvalidSecret as error:
            raise Problem(
                "webhooks.cannot_sign", exit=Exit.USAGE, place=variable, cause=str(error)
            ) from error


def read_payload(place: str, text: str | None = None) -> dict[str, Any]:
    """The JSON object in the file at `place`, or in `text`. Raises `Problem` (exit 2)."""
    try:
        data = json.loads(Path(place).read_text(encoding="utf-8") if text is None else text)
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(
            "webhooks.no_payload", exit=Exit.USAGE, place=place, cause=str(error)
        ) from error
    if not isinstance(data, dict):
        cause = "not a JSON object"
        raise Problem("webhooks.no_payload", exit=Exit.USAGE, place=place, cause=cause)
    return cast("dict[str, Any]", data)


def send_sample(request: WebhookRequest, event: str) -> TriggerResult:
    """Post `request`. Raises `Problem` (exit 6) if nothing answers at its address."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
    try:
        response = httpx2.post(request.url, headers=headers, content=request.body, timeout=TIMEOUT)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Problem(
            "webhooks.no_server",
            exit=Exit.OUTSIDE,
            place=request.url,
            cause=type(error).__name__,
        ) from error
    return TriggerResult(event, request.url, response.status_code, response.text[:SHOWN])


def http_text(request: WebhookRequest) -> str:
    """The request as text, in the form that `explain_capture` reads."""
    head = "".join(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}\n" for name, value in request.headers
    )
    return f"{request.method} {request.url} HTTP/1.1\n{head}\n{request.body.decode()}"
