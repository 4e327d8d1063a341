"""One attempt over HTTP, as a generator that yields requests and receives their responses.

It signs the request (a token may have changed since the last attempt), renews a token that the
provider rejects, follows the redirects of reads, never sends credentials to another origin, and
reads the result: a success that cannot be read is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import msgspec

from noctule.runtime import errors
from noctule.runtime.origin import origin_of
from noctule.runtime.policy.classify import classify_failure, classify_response, unreadable
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus

if TYPE_CHECKING:
    from noctule.runtime.auth import Session
    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.call.places import Servers, Sessions
    from noctule.runtime.call.request_builder import PreparedCall
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.policy.outcome import RetryKind
    from noctule.runtime.request import Request, Response

E = TypeVar("E", bound=errors.ServiceError)

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class AttemptContext(msgspec.Struct):
    """What all attempts of a service share."""

    config: ServiceConfig
    sessions: Sessions
    clock: Clock
    servers: Servers
    """Where the provider is: the only places that get the credentials."""

    def check_origin(self, request: Request) -> None:
        """Raises `ConfigurationError` for a request to any other origin, whatever put it there."""
        # Nothing can follow the host after its slash, so nearly every request is checked by this.
        if request.url.startswith(self.servers.starts):
            return
        try:
            known = origin_of(request.url) in self.servers.origins
        except ValueError:
            known = False
        if not known:
            places = " or ".join(map(str, self.servers.origins))
            raise errors.ConfigurationError(f"the request does not go to {places}")

    def sign(self, request: Request, session: Session) -> Request:
        """A copy with the credentials."""
        self.check_origin(request)
        signed = request.copy()
        session.apply(signed)
        return signed


class _CredentialsError(Exception):
    """The token could not be renewed; the request itself was not sent."""

    def __init__(self, error: errors.ServiceError) -> None:
        self.error = error


def run_attempt(call: PreparedCall, context: AttemptContext) -> HttpSteps[AttemptOutcome]:
    """Make one attempt at `call`.

    A `ServiceError` that is thrown in is the transport's failure to get a response.
    """
    request = call.request
    try:
        session = context.sessions[call.operation.auth]
        response = yield from _send_signed(call, session, context)
        if response.status in REDIRECTS and _may_follow(request):
            response = yield from _follow_redirects(request, response, session, context)
    except _CredentialsError as failure:
        retry_kind: RetryKind = (
            "transient" if isinstance(failure.error, errors.Unavailable) else "no"
        )
        return AttemptOutcome(
            error=without_frames(failure.error),
            delivery=DeliveryStatus.NOT_SENT,
            retry_kind=retry_kind,
            healthy=None,
        )
    except errors.ServiceError as error:
        return classify_failure(without_frames(error), rereads=call.rereads)
    config, now = context.config, context.clock.time()
    outcome = classify_response(
        response,
        now,
        should_retry_header=config.should_retry_header,
        keyed=call.key is not None,
        retry_statuses=config.retry_statuses,
        rate_limit=config.rate_limit,
        body_failure=config.failure,
        expected=call.operation.also,
    )
    if outcome.error is None:
        try:
            outcome.value = call.read(call, response)
        except errors.InvalidResponse as error:
            error.status, error.response = response.status, response
            return unreadable(outcome, without_frames(error), rereads=call.rereads)
    return outcome


def without_frames(error: E) -> E:
    """`error` without its traceback: error trackers print the locals of its frames, which hold
    what was sent and received."""
    error.__context__ = None
    return error.with_traceback(None)


def _send_signed(
    call: PreparedCall, session: Session, context: AttemptContext
) -> HttpSteps[Response]:
    """Send it with credentials; once more with new ones if these are rejected."""
    request = call.request
    if not session.tokens:
        response: Response = yield context.sign(request, session)
        return response
    signed = yield from _sign_with_token(call, session, context)
    response = yield signed
    replayable = getattr(request.content, "replayable", True)
    body_failure = context.config.failure
    rejected = response.status == 401 or (
        body_failure is not None and body_failure.rejects_credentials(response)
    )
    if not rejected or not replayable or not session.reject(signed, response, context.clock):
        return response
    signed = yield from _sign_with_token(call, session, context)
    response = yield signed
    return response


def _sign_with_token(
    call: PreparedCall, session: Session, context: AttemptContext
) -> HttpSteps[Request]:
    """The call's request with a valid token. Until it returns, nothing of the call is sent."""
    request, engine = call.request, call.engine
    context.check_origin(request)
    engine.renewing = True
    try:
        yield from session.prepare(request, context.clock)
    except errors.ServiceError as error:
        raise _CredentialsError(error) from None
    engine.renewing = False
    return context.sign(request, session)


def _may_follow(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and request.limits.max_redirects > 0


def _follow_redirects(
    request: Request, response: Response, session: Session, context: AttemptContext
) -> HttpSteps[Response]:
    url = request.url
    for _ in range(request.limits.max_redirects):
        location = response.headers.get("location")
        if response.status not in REDIRECTS or location is None:
            return response
        url = _target(url, location)
        redirected = request.copy()
        redirected.url = url
        if origin_of(url) in context.servers.origins:
            redirected = context.sign(redirected, session)
        elif url.startswith("https://"):
            redirected.headers = {}
        else:
            raise errors.InvalidResponse("redirected to another origin without encryption")
        response = yield redirected
    raise errors.InvalidResponse("too many redirects")


def _target(url: str, location: str) -> str:
    """The absolute URL that a Location header points to; raises `InvalidResponse`."""
    try:
        parts = urlsplit(urldefrag(urljoin(url, location)).url)
        origin = origin_of(parts.geturl())
    except ValueError:
        raise errors.InvalidResponse("redirected to an invalid URL") from None
    # Characters that a URL may not hold are escaped; existing escapes stay as they are.
    path = quote(parts.path or "/", safe="%/:=&?~+!$,;'@()*")
    query = quote(parts.query, safe="%/:=&?~+!$,;'@()*[]")
    return f"{origin}{path}" + (f"?{query}" if query else "")
