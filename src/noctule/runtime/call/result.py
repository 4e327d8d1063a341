"""What the caller gets for the outcome of a call: the decoded value, or an error that names the
call. Both are reported to the telemetry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from noctule.runtime import errors
from noctule.runtime.call.telemetry import ViolationLog
from noctule.runtime.decoding.lenient import Violation, is_hollow, is_unlike
from noctule.runtime.decoding.models import decode
from noctule.runtime.journal.recorder import failure_reason, host_of
from noctule.runtime.redaction import REDACTOR
from noctule.runtime.redaction.log_fields import MAX_LENGTH
from noctule.runtime.responses.presence import tell_deprecation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.call.request_builder import PreparedCall
    from noctule.runtime.call.telemetry import DeprecationLog, Telemetry
    from noctule.runtime.clock import Clock
    from noctule.runtime.fallback.fallback import Degraded
    from noctule.runtime.policy.outcome import AttemptOutcome
    from noctule.runtime.request import Response

T = TypeVar("T")

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,30}/[\w.+-]{1,60}", re.ASCII)
NO_CONTENT = frozenset({204, 205})
"""A response with such a status has no content (RFC 9110, 15.3.5 and 15.3.6)."""


@dataclass(frozen=True, slots=True)
class RawResponse(Generic[T]):
    """A result, with the response that it was read from."""

    value: T
    response: Response
    request_id: str | None
    attempts: int


class ResultReader:
    """Reads the responses of a service, and completes and reports its errors."""

    def __init__(
        self,
        config: ServiceConfig,
        telemetry: Telemetry,
        clock: Clock,
        deprecations: DeprecationLog,
    ) -> None:
        self._config = config
        self._telemetry = telemetry
        self._clock = clock
        self._deprecations = deprecations
        self._violations = ViolationLog(telemetry)

    def value(self, call: PreparedCall, response: Response) -> Any:
        """The body as the operation's type.

        Raises `InvalidResponse` when it is not JSON, when it is nothing like that type, and for a
        call that is `strict` at the first place that does not fit. Under a key the result of a
        write can be had again, so an object with no member of the type is not taken for it either.
        """
        operation = call.operation
        kind: Any = operation.returns
        if operation.also:
            kind = _kind_of(operation.also, kind, response)
        if kind is None:
            return None
        if kind is bytes or kind is str:
            return self._content(call, response, kind)
        content = response.content
        if not content and operation.writes and response.status in NO_CONTENT:
            # Undocumented, but done: an object of its type without a member, where it is one.
            content = b"null" if kind is Any else b"{}"
        keep = call.options.keep_extra
        keep = self._config.keep_extra if keep is None else keep
        try:
            value, violations = decode(kind, content, keep_extra=keep)
        except errors.InvalidResponse as error:
            value, violations = decode(kind, _transcoded(response, error), keep_extra=keep)
        for violation in violations:
            self._violations.add(call.operation.name, violation)
        if violations:
            strict = self._config.strict if call.options.strict is None else call.options.strict
            hollow = call.operation.writes and call.key is not None and is_hollow(value)
            hollow = hollow and bool(response.content or response.status not in NO_CONTENT)
            if strict or hollow or is_unlike(value, kind):
                raise errors.InvalidResponse(_described(violations))
        return value

    def _content(self, call: PreparedCall, response: Response, kind: type[bytes | str]) -> Any:
        """A body that is no JSON by the document. If it is JSON, that is told; a text is read."""
        _refuse_unreadable(response)
        sent = _essence(response)
        accepted = call.operation.accepts
        if _is_json(sent) and accepted != "*/*" and not _is_json(accepted):
            self._violations.add(call.operation.name, Violation("", accepted, sent))
            if kind is str:
                value, _ = decode(Any, response.content)
                return value if isinstance(value, str) else response.text
        return response.content if kind is bytes else response.text

    def raw(self, call: PreparedCall, response: Response) -> RawResponse[Any]:
        value = self.value(call, response)
        return RawResponse(value, response, self._request_id(response), call.engine.attempts)

    def report_success(self, call: PreparedCall, outcome: AttemptOutcome) -> None:
        response, recorder = cast("Response", outcome.response), self._telemetry.recorder
        if recorder is not None:
            engine = call.engine
            seconds = self._clock.monotonic() - engine.start_time
            recorder.success(call.operation.name, seconds, engine.attempts, outcome.window)
        if tell_deprecation(response.headers.names):
            self._report_deprecation(call, response)
        if self._telemetry.is_enabled("call"):
            self._report("call", call, response, None)

    def report_error(self, call: PreparedCall, error: errors.ServiceError) -> None:
        """Write into the error what the policy engine does not know, and report it."""
        error.service = self._config.name
        error.operation = call.operation.name
        error.idempotency_key = call.key
        error.request_id = self._request_id(error.response)
        if error.response is not None and tell_deprecation(error.response.headers.names):
            self._report_deprecation(call, error.response)
        if isinstance(error, errors.OutcomeUnknown):
            error.fingerprint = call.fingerprint
            call.engine.report_doubt(
                fingerprint=error.fingerprint,
                idempotency_key=call.key,
                error=type(error.__cause__).__name__,
            )
        if self._telemetry.recorder is not None:
            self._telemetry.recorder.failure(
                call.operation.name,
                error,
                origin=call.engine.config.state.origin,
                seconds=self._clock.monotonic() - call.engine.start_time,
                attempts=call.engine.attempts,
            )
        if self._telemetry.is_enabled("failed_call"):
            self._report("failed_call", call, error.response, error)

    def report_broken_stream(self, call: PreparedCall, error: errors.ServiceError) -> None:
        """The body of a response ended in `error`. After a write, raises `OutcomeUnknown`: its
        result is lost, and it may have happened."""
        if not call.operation.writes:
            return
        unknown = errors.OutcomeUnknown.because(error, error)
        call.engine.annotate(unknown, safe=call.engine.config.retry_mode != "never")
        self.report_error(call, unknown)
        try:
            raise unknown
        finally:
            del unknown, error

    def report_degraded(self, call: PreparedCall, degraded: Degraded[Any]) -> None:
        self._telemetry.emit(
            "degraded",
            call.operation.name,
            source=degraded.source,
            age=degraded.age,
            error=type(degraded.error).__name__,
        )

    def _report_deprecation(self, call: PreparedCall, response: Response) -> None:
        from noctule.runtime.responses.deprecation import deprecation

        notice = deprecation(response.headers)
        if notice is not None:
            origin = call.engine.config.state.origin
            self._deprecations.add(self._telemetry, origin, call.operation.name, notice)

    def _request_id(self, response: Response | None) -> str | None:
        name = self._config.request_id_header or "x-request-id"
        value = response.headers.get(name) if response else None
        return value and REDACTOR.beginning(value, MAX_LENGTH)

    def _report(
        self,
        event: str,
        call: PreparedCall,
        response: Response | None,
        error: errors.ServiceError | None,
    ) -> None:
        self._telemetry.emit(
            event,
            call.operation.name,
            attempts=call.engine.attempts,
            seconds=self._clock.monotonic() - call.engine.start_time,
            status=response.status if response else None,
            request_id=self._request_id(response),
            error=type(error).__name__ if error else None,
            **_network_reason(error, call.engine.config.state.origin, call.operation.name),
        )


def _essence(response: Response) -> str:
    """The media type of the response, without its parameters; "" where it is none."""
    match = _MEDIA_TYPE.match(response.headers.get("content-type", ""))
    return match[0].lower() if match else ""


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _transcoded(response: Response, error: errors.InvalidResponse) -> bytes:
    """The body in UTF-8, if its Content-Type names another character set. Else raises `error`, with
    the media type of the response where that is not JSON."""
    from noctule.runtime.charset import stated_charset  # only a response that was not JSON needs it

    if stated_charset(response.headers.get("content-type", "")) not in ("", "utf-8"):
        return response.text.encode()
    _refuse_unreadable(response)
    sent = _essence(response)
    if sent and not _is_json(sent):
        error.args = (*error.args, f"it was sent as {sent}")
    raise error


def _refuse_unreadable(response: Response) -> None:
    """Raises `InvalidResponse` for a coding that was not asked for: the body is not what it was."""
    header = response.headers.get("content-encoding")
    if header:
        from noctule.runtime.transport.content_codings import unreadable

        if coding := unreadable(header):
            raise errors.InvalidResponse(f"compressed with {coding}, which was not asked for")


def _kind_of(also: Mapping[int, Any], usual: Any, response: Response) -> Any:
    """The type of this success, where the document has several."""
    if not response.content and None in also.values():
        return None
    return also.get(response.status, usual)


def _described(violations: tuple[Violation, ...]) -> str:
    """Member, expected type and what came; never a value."""
    first, *others = violations
    place = first.pointer or "the response"
    more = f", and {len(others)} more" if others else ""
    return f"{place}: expected {first.expected}, got {first.found}{more}"


def _network_reason(
    error: errors.ServiceError | None, origin: str, operation: str
) -> dict[str, object]:
    """Host and cause, where the network failed: these texts are ours, never the provider's."""
    reason = failure_reason(error) if error is not None else ""
    if isinstance(error, errors.CircuitOpen):
        of = f" of {operation}" if error.args else ""
        reason = f"{host_of(origin)}: the circuit{of} is open"
    return {"reason": reason} if reason else {}
