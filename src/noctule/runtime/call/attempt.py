"""One attempt over HTTP, as a generator that yields requests and is sent answers.

It signs the request anew (a token may have changed since the last attempt), renews a token that
the provider refuses, follows redirects of reads, and never shows credentials to another origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from noctule.runtime import errors
from noctule.runtime.policy.classify import answered, failed
from noctule.runtime.policy.outcome import Outcome, Reached

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.runtime.auth import Session, Wait
    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.clock import Clock
    from noctule.runtime.policy.outcome import Again
    from noctule.runtime.request import Request, Response

    Exchange = Generator[Request | Wait, Response, Outcome]
    Steps = Generator[Request | Wait, Response, Response]

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Wire:
    """What an attempt needs to know of its service."""

    config: ServiceConfig
    session: Session
    clock: Clock


class _CredentialsError(Exception):
    """The token could not be renewed; the request itself was not sent."""

    def __init__(self, error: errors.ServiceError) -> None:
        self.error = error


def exchange(request: Request, wire: Wire, keyed: bool) -> Exchange:
    """Make one attempt; `keyed` if it carries an idempotency key.

    A `ServiceError` that is thrown in is the transport's failure to answer.
    """
    try:
        response = yield from _signed(request, wire)
        if response.status in REDIRECTS and _followed(request):
            response = yield from _follow(request, response, wire)
    except _CredentialsError as problem:
        again: Again = "transient" if isinstance(problem.error, errors.Unavailable) else "no"
        return Outcome(
            error=bare(problem.error), reached=Reached.NOT_SENT, again=again, healthy=None
        )
    except errors.ServiceError as error:
        return failed(bare(error))
    config, now = wire.config, wire.clock.time()
    return answered(
        response,
        now,
        should_retry_header=config.should_retry_header,
        keyed=keyed,
        rate_limit=config.rate_limit,
        failure=config.failure,
    )


def bare(error: errors.ServiceError) -> errors.ServiceError:
    """`error` without the frames it came through: what was sent and answered is in their locals,
    which error trackers print."""
    error.__context__ = None
    return error.with_traceback(None)


def _signed(request: Request, wire: Wire) -> Steps:
    """Send it with credentials; once more with new ones if these are refused."""
    session = wire.session
    if not session.tokens:
        signed = request.copy()
        session.apply(signed)
        return (yield signed)
    signed = yield from _with_token(request, wire)
    response = yield signed
    replayable = getattr(request.content, "replayable", True)
    failure = wire.config.failure
    refused = response.status == 401 or (failure and failure.refuses_credentials(response))
    if not refused or not replayable or not session.refused(signed, wire.clock):
        return response
    signed = yield from _with_token(request, wire)
    return (yield signed)


def _with_token(request: Request, wire: Wire) -> Generator[Request | Wait, Response, Request]:
    try:
        yield from wire.session.prepare(request, wire.clock)
    except errors.ServiceError as error:
        raise _CredentialsError(error) from None
    signed = request.copy()
    wire.session.apply(signed)
    return signed


def _followed(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and request.limits.redirects > 0


def _follow(request: Request, response: Response, wire: Wire) -> Steps:
    url = request.url
    for _ in range(request.limits.redirects):
        location = response.headers.get("location")
        if response.status not in REDIRECTS or location is None:
            return response
        url = _resolved(url, location)
        step = request.copy()
        step.url = url
        if _origin(url) == _origin(request.url):
            wire.session.apply(step)
        elif url.startswith("https://"):
            step.headers = {}
        else:
            raise errors.InvalidResponse("redirected to another origin without encryption")
        response = yield step
    raise errors.InvalidResponse("redirected in circles")


def _resolved(url: str, location: str) -> str:
    """Where a Location header points; raises `InvalidResponse` for what is no URL."""
    try:
        parts = urlsplit(urldefrag(urljoin(url, location)).url)
        target = parts._replace(path=parts.path or "/").geturl()
        _origin(target)
    except ValueError:
        raise errors.InvalidResponse("redirected to what is no URL") from None
    # What a URL may not hold is escaped; what is escaped already stays as it is.
    return quote(target, safe="%/:=&?~+!$,;'@()*[]")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
