"""Every way a call can fail, as one small tree.

ServiceError                     the call did not give its result
├── ConfigurationError           wrong before anything was sent
│   ├── MissingSecrets           environment variables that are not set, all of them at once
│   ├── LiteralSecret            a credential was written in the code
│   ├── InvalidArgument          a value that cannot be put into a request
│   └── FallbackRefused          a fallback for an operation that moves money
├── Unavailable                  the provider is down, slow or overloaded
│   ├── ConnectionFailed         no connection, or it was lost
│   ├── TimedOut                 one attempt took too long
│   ├── DeadlineExceeded         the time for the whole call is used up
│   ├── CircuitOpen              the provider failed so often that it is not called for a while
│   ├── TooManyConcurrentCalls   too many calls of ours are already running
│   ├── RateLimited              the provider asks us to wait longer than the call may last
│   └── ServerError              5xx
├── OutcomeUnknown               a write may or may not have happened; the failure is its cause
├── ClientError                  4xx: the provider refused the request
│   ├── BadRequest               400
│   ├── Unauthorized             401
│   ├── Forbidden                403
│   ├── NotFound                 404, 410
│   ├── Conflict                 409, 412
│   └── Unprocessable            422
└── InvalidResponse              a response that does not fit the API document
    ├── InvalidMember            a member that is missing or has another type, when it is read
    └── ResponseTooLarge         a response beyond the size limit

The docstring of a class is its message. No message holds a header, a query or a body, but that of
a redirect says where to, without a query: the response is in `error.response`, for code that knows
what it may show, without our credentials.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from noctule.runtime.request import Response
    from noctule.runtime.responses.problem_details import ProblemDetails

E = TypeVar("E", bound=BaseException)


class ServiceError(Exception):
    """The call failed."""

    service: str = ""
    operation: str = ""
    """Name of the operation: "create_payment_intent"."""
    status: int | None = None
    """HTTP status of the last response; None when there was none."""
    request_id: str | None = None
    """The provider's id of the last request, for their support."""
    attempts: int = 0
    """Requests that were sent or tried, including the first one."""
    elapsed: float = 0.0
    """Seconds from the start of the call to this error."""
    safe_to_retry: bool = False
    """Whether the same call can be made again without repeating its effect. When
    `idempotency_key` is set, only under that same key."""
    idempotency_key: str | None = None
    provider_code: str | None = None
    """The provider's code for the failure, from a 2xx answer that reports one (`BodyFailure`) or
    from problem details."""
    _read_response: Callable[[], Response] | None = None
    _provider_message: str | None = None

    @property
    def response(self) -> Response | None:
        """The last response, with credentials masked, and at most 64 KiB of its body. Not in a
        copy or a pickle of the error, which travel to logs, queues and other processes."""
        return self._read_response and self._read_response()

    @response.setter
    def response(self, response: Response | None) -> None:
        self._read_response = _masked_when_read(response) if response else None
        self._provider_message = None

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in vars(self).items() if name != "_read_response"}
        state["_provider_message"] = self.provider_message
        if isinstance(self.__cause__, ServiceError):
            state["__cause__"] = self.__cause__
        return restored, (type(self), self.args), state

    @property
    def problem(self) -> ProblemDetails | None:
        """The problem details (RFC 9457) of the response, redacted; None when it has none."""
        from noctule.runtime.responses.problem_details import problem_details

        return problem_details(self.response) if self.response else None

    @property
    def provider_message(self) -> str:
        """What the provider says about the failure in its response, in its own words: redacted, and
        at most 300 characters. "" if it says nothing."""
        message = self._provider_message
        if message is None:
            message, response = "", self.response
            if response is not None and (response.status >= 400 or self.provider_code is not None):
                from noctule.runtime.responses.provider_message import provider_message

                message = provider_message(response)
            self._provider_message = message
        return message

    def __str__(self) -> str:
        name = ".".join(part for part in (self.service, self.operation) if part)
        doc = type(self).__doc__ or ServiceError.__doc__ or ""
        detail = "; ".join(str(arg) for arg in self.args)
        message = doc.splitlines()[0].rstrip(".") + (f": {detail}" if detail else "")
        if self.provider_message and self.provider_message not in self.args:
            message += f'; it says "{self.provider_message}"'
        return (f"{name}: " if name else "") + message + self._facts()

    def _facts(self) -> str:
        facts = [
            f"status {self.status}" if self.status is not None else "",
            f"request {self.request_id}" if self.request_id else "",
            f"{self.attempts} attempts in {self.elapsed:.1f} s" if self.attempts > 1 else "",
        ]
        text = ", ".join(fact for fact in facts if fact)
        return f" ({text})" if text else ""

    def user_message(self, language: Literal["en", "fr"] = "en") -> str:
        """A sentence for the end user, without technical terms and secrets."""
        from noctule.runtime.messages import user_message

        return user_message(type(self), language)


def restored(kind: type[E], args: tuple[Any, ...]) -> E:
    """A pickled error as it was, however its `__init__` makes `args` from other arguments."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error


def _masked_when_read(response: Response) -> Callable[[], Response]:
    """Masked late, since most errors end in another attempt; a closure, as in `Secret`, since code
    that walks the attributes of an object finds a function."""
    masked: Response | None = None

    def read() -> Response:
        nonlocal masked
        if masked is None:
            masked = _masked(response)
        return masked

    return read


def _masked(response: Response) -> Response:
    from noctule.runtime.redaction.responses import mask_content, mask_headers

    headers = type(response.headers)(mask_headers(response.headers).items())
    return replace(response, headers=headers, content=mask_content(response.content), body=None)


class ConfigurationError(ServiceError):
    """The service is not configured correctly."""


class MissingSecrets(ConfigurationError):
    """Environment variables are not set."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = tuple(names)
        super().__init__(self.names)

    def __str__(self) -> str:
        return (
            f"environment variables are not set: {', '.join(self.names)}"
            " (each may also be given as a file: NAME_FILE=/path)"
        )


class LiteralSecret(ConfigurationError):
    """A credential was written in the code."""


class InvalidArgument(ConfigurationError):
    """A value cannot be put into the request."""


class FallbackRefused(ConfigurationError):
    """This operation moves money, so it takes no fallback."""


class Unavailable(ServiceError):
    """The provider is not available."""

    retry_after: float | None = None
    """Seconds after which it makes sense to try again; None when unknown."""


class ConnectionFailed(Unavailable):
    """The connection failed."""

    sent: bool = False
    """Whether any byte of the request may have reached the provider."""


class TimedOut(Unavailable):
    """The provider did not answer in time."""

    sent: bool = True


class DeadlineExceeded(Unavailable):
    """The time for the whole call is used up."""


class CircuitOpen(Unavailable):
    """The provider keeps failing, so it is not called for now. The call was not sent, or it waited
    for the provider to come back (`Policies.max_outage_wait`) in vain."""


class TooManyConcurrentCalls(Unavailable):
    """Too many calls to this provider are already running."""


class RateLimited(Unavailable):
    """The provider asks to slow down."""


class ServerError(Unavailable):
    """The provider failed."""


class OutcomeUnknown(ServiceError):
    """The write may have happened or not.

    `__cause__` is the failure that ended the call, and has the one that left the doubt as its own
    cause where that is another. When `safe_to_retry` is true, repeating the write, under
    `idempotency_key` if there is one, does it once at most and tells what happened.
    """

    fingerprint: str = ""
    """Digest of method, path and body: the same write has the same fingerprint."""
    retry_after: float | None = None
    """Seconds after which it makes sense to repeat it; None when unknown."""

    @classmethod
    def because(cls, ended_by: ServiceError, doubt: ServiceError) -> OutcomeUnknown:
        """For a call that ended with one failure and whose doubt another one may have left."""
        unknown = cls()
        told = ended_by if ended_by._read_response is not None else doubt
        unknown.status = told.status
        unknown._read_response = told._read_response
        unknown.provider_code = told.provider_code
        unknown.retry_after = getattr(ended_by, "retry_after", None)
        unknown.__cause__ = ended_by
        return unknown

    def __str__(self) -> str:
        cause = self.__cause__
        reason = f": {type(cause).__name__}" if isinstance(cause, ServiceError) else ""
        return f"{super().__str__()}{reason}; {self._next_step()}"

    def _next_step(self) -> str:
        if not self.safe_to_retry:
            return "find out before doing it again"
        if self.idempotency_key is None:
            return "it can be repeated: twice has the effect of once"
        return "repeat it only under the idempotency key of this error"


class ClientError(ServiceError):
    """The provider refused the request."""


class BadRequest(ClientError):
    """The provider found the request invalid."""


class Unauthorized(ClientError):
    """The provider does not accept the credentials."""


class Forbidden(ClientError):
    """The credentials do not allow this operation."""


class NotFound(ClientError):
    """The provider does not know this resource."""


class Conflict(ClientError):
    """The request conflicts with the state of the resource."""


class Unprocessable(ClientError):
    """The provider cannot act on the values that were sent."""


class InvalidResponse(ServiceError):
    """The provider sent a response that cannot be used."""


class InvalidMember(InvalidResponse, AttributeError):
    """The provider left a member out, or sent it in another type than the document says.

    It is raised where the member is read, not by the call; `getattr(result, "name", None)` reads
    it without an error, since it is an `AttributeError` too.
    """

    found: str = ""
    """"missing", "null", "string", …"""


class ResponseTooLarge(InvalidResponse):
    """The response is larger than the limit."""


_BY_STATUS: dict[int, type[ClientError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    422: Unprocessable,
}


def for_status(status: int) -> ServiceError:
    """The error for a response that is neither a success nor a redirect (status >= 400)."""
    if status == 429:
        return RateLimited()
    if status >= 500:
        return ServerError()
    return _BY_STATUS.get(status, ClientError)()
