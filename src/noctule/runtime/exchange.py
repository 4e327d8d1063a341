"""One attempt over HTTP, as a generator that yields requests and is sent answers.

It signs the request anew (a token may have changed since the last attempt), follows redirects
of reads, and never shows credentials to another origin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from noctule.runtime import errors
from noctule.runtime.policy import hints
from noctule.runtime.policy.classify import answered, failed

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.runtime.auth import Auth
    from noctule.runtime.clock import Clock
    from noctule.runtime.config import ServiceConfig
    from noctule.runtime.policy.verdict import Verdict
    from noctule.runtime.transport import Request, Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5


@dataclass(slots=True)
class Wire:
    """What an attempt needs to know of its service."""

    config: ServiceConfig
    auth: Auth
    clock: Clock
    keyed: bool


def exchange(request: Request, wire: Wire) -> Generator[Request, Response, Verdict]:
    """Make one attempt. A `ServiceError` thrown in is the transport's failure to answer."""
    try:
        signed = replace(request, headers=dict(request.headers))
        wire.auth.apply(signed)
        response = yield signed
        if response.status in REDIRECTS and request.method in ("GET", "HEAD"):
            response = yield from _follow(request, response, wire)
    except errors.ServiceError as error:
        return failed(error)
    now = wire.clock.time()
    verdict = answered(
        response, now, should_retry_header=wire.config.should_retry_header, keyed=wire.keyed
    )
    if wire.config.rate_limit is not None:
        reset = hints.window_reset(response.headers, wire.config.rate_limit, now)
        verdict.hold = max(verdict.hold, reset or 0.0)
    return verdict


def _follow(
    request: Request, response: Response, wire: Wire
) -> Generator[Request, Response, Response]:
    url = request.url
    for _ in range(MOST_REDIRECTS):
        location = response.headers.get("location")
        if response.status not in REDIRECTS or location is None:
            return response
        url = urljoin(url, location)
        at_home = _origin(url) == _origin(request.url)
        if not at_home and not url.startswith("https://"):
            raise errors.InvalidResponse("redirected to another origin without encryption")
        step = replace(request, url=url, headers=dict(request.headers) if at_home else {})
        if at_home:
            wire.auth.apply(step)
        response = yield step
    raise errors.InvalidResponse("redirected in circles")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
