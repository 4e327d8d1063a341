"""A call, from its arguments to its result: all that the async and the sync service share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, cast

from noctule.runtime import errors
from noctule.runtime.call.attempt import Wire, bare
from noctule.runtime.call.provider_state import SHARED, ProviderStates
from noctule.runtime.call.request_builder import Preparation
from noctule.runtime.call.telemetry import ContractWatch, Telemetry
from noctule.runtime.call.tracing import tracing
from noctule.runtime.clock import SYSTEM
from noctule.runtime.decoding.models import decode
from noctule.runtime.effects import Ask
from noctule.runtime.fallback.reconcile import NOT_DONE, Done
from noctule.runtime.operation import T

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import ClassVar

    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.call.request_builder import Arguments, Call
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.clock import Clock
    from noctule.runtime.fallback.fallback import Degraded, Fallback
    from noctule.runtime.fallback.outbox import FlushResult, Outbox
    from noctule.runtime.fallback.outbox_store import OutboxMessage
    from noctule.runtime.operation import Operation
    from noctule.runtime.policy.outcome import Outcome
    from noctule.runtime.request import Response


@dataclass(frozen=True, slots=True)
class RawResponse(Generic[T]):
    """A result together with the answer it was read from."""

    value: T
    response: Response
    request_id: str | None
    attempts: int


class ServiceCore:
    """What a service knows and decides. It does no I/O."""

    config: ClassVar[ServiceConfig]

    def __init__(
        self,
        *,
        base_url: str | None,
        clock: Clock | None,
        on_event: Callable[[TelemetryEvent], None] | None,
        provider_states: ProviderStates | None,
        shared: bool,
    ) -> None:
        config = self.config
        self._clock = clock or SYSTEM
        self._telemetry = Telemetry(config.name, on_event)
        self._watch = ContractWatch(self._telemetry)
        session = config.auth.open(shared=shared)
        self._credential = session.fingerprint
        self._preparation = Preparation(
            config,
            base_url or config.base_url,
            self._clock,
            self._telemetry,
            provider_states or (SHARED if shared else ProviderStates()),
            self._credential,
        )
        self._tracing = tracing(config.name)
        self._wire = Wire(config, session, self._clock)

    @property
    def base_url(self) -> str:
        return self._preparation.base_url

    def _call(
        self, operation: Operation[T], fallback: Fallback[T] | None, arguments: Arguments
    ) -> Generator[Call | Ask, Any, T | Degraded[T]]:
        """The whole call. Yields what to drive and whom to ask; returns its result."""
        if fallback is None:
            return self._settled(self._prepared(operation, arguments), ServiceCore._value)
        return self._with(fallback, operation, arguments)

    def _prepared(self, operation: Operation[Any], arguments: Arguments) -> Call:
        """The call. Its arguments are emptied: frames that hold them are in the traceback of
        whatever fails, and error trackers print the locals of frames."""
        call = self._preparation.call(operation, **arguments)
        cast("dict[str, object]", arguments).clear()
        return call

    def _with(
        self, fallback: Fallback[T], operation: Operation[T], arguments: Arguments
    ) -> Generator[Call | Ask, Any, T | Degraded[T]]:
        from noctule.runtime.fallback.fallback import Failed, check

        check(operation)
        call = self._prepared(operation, arguments)
        key = f"{self._credential} {call.fingerprint}"
        try:
            value: T = yield from self._settled(call, ServiceCore._value)
        except errors.Unavailable as error:
            degraded = yield from fallback.answer(Failed(key, error, self._clock.time(), call))
            if degraded is None:
                raise
            self._tell_degraded(call, degraded)
            try:
                return degraded
            finally:
                del degraded
        fallback.remember(key, value, self._clock.time())
        return value

    def _raw(
        self, operation: Operation[T], arguments: Arguments
    ) -> Generator[Call | Ask, Any, RawResponse[T]]:
        call = self._prepared(operation, arguments)
        return (yield from self._settled(call, ServiceCore._answer))

    def _opened(
        self, operation: Operation[Any], arguments: Arguments
    ) -> Generator[Call | Ask, Any, tuple[Response, float | None]]:
        """A call whose body is left on the wire, and how long each piece of it may take."""
        call = self._prepared(operation, arguments)
        call.request.stream = True
        response = yield from self._settled(call, lambda _, __, response: response)
        return response, call.guard.rules.policies.timeout

    def _flush(self, outbox: Outbox) -> Generator[Call | Ask, Any, FlushResult]:
        def send(message: OutboxMessage) -> Generator[Call | Ask, Any, None]:
            yield from self._settled(self._preparation.again(message), _nothing)

        return (yield from outbox.flush(self.config.name, send, self._clock.time))

    def _settled(
        self, call: Call, finish: Callable[[ServiceCore, Call, Response], T]
    ) -> Generator[Call | Ask, Any, T]:
        """The call, with a doubt about its outcome put to the caller's reconcile hook."""
        while True:
            try:
                verdict: Outcome = yield call
                response = cast("Response", verdict.response)
                result = finish(self, call, response)
            except errors.ServiceError as error:
                self._explain(call, error)
                found = yield from self._reconciled(call, error)
                if isinstance(found, Done):
                    return cast("Done[T]", found).value
                if found is not NOT_DONE:
                    raise
            else:
                self._tell_call(call, response, None)
                return result

    def _reconciled(self, call: Call, error: errors.ServiceError) -> Generator[Ask, Any, object]:
        """What the hook found out; None when there is nothing to ask, or no attempt left."""
        hook = call.options.reconcile
        if hook is None or not isinstance(error, errors.OutcomeUnknown):
            return None
        found: object = yield Ask(hook, (error,))
        spent = call.guard.attempts >= call.guard.rules.policies.retry.attempts
        return None if found is NOT_DONE and spent else found

    def _value(self, call: Call, response: Response) -> Any:
        kind: Any = call.operation.returns
        if kind is None:
            return None
        if kind is bytes:
            return response.content
        if kind is str:
            return response.text
        try:
            value, violations = decode(kind, response.content)
        except errors.InvalidResponse as error:
            error.status = response.status
            error.response = response
            call.guard.explain(error, safe=call.guard.rules.retry_mode != "never")
            raise bare(error) from None
        for violation in violations:
            self._watch.note(call.operation.name, violation)
        return value

    def _answer(self, call: Call, response: Response) -> RawResponse[Any]:
        value = self._value(call, response)
        return RawResponse(value, response, self._request_id(response), call.guard.attempts)

    def _explain(self, call: Call, error: errors.ServiceError) -> None:
        """Write into the error what the guard cannot know, and tell of it."""
        error.service = self.config.name
        error.operation = call.operation.name
        error.idempotency_key = call.key
        error.request_id = self._request_id(error.response)
        if isinstance(error, errors.OutcomeUnknown):
            error.fingerprint = call.fingerprint
        self._tell_call(call, error.response, error)

    def _request_id(self, response: Response | None) -> str | None:
        name = self.config.request_id_header or "x-request-id"
        return response.headers.get(name) if response else None

    def _tell_call(
        self, call: Call, response: Response | None, error: errors.ServiceError | None
    ) -> None:
        if self._telemetry.wants("call" if error is None else "failed_call"):
            self._telemetry.tell(
                "call" if error is None else "failed_call",
                call.operation.name,
                attempts=call.guard.attempts,
                seconds=self._clock.monotonic() - call.guard.start,
                status=response.status if response else None,
                request_id=self._request_id(response),
                error=type(error).__name__ if error else None,
            )

    def _tell_degraded(self, call: Call, degraded: Degraded[Any]) -> None:
        self._telemetry.tell(
            "degraded",
            call.operation.name,
            source=degraded.source,
            age=degraded.age,
            error=type(degraded.error).__name__,
        )


def _nothing(core: ServiceCore, call: Call, response: Response) -> None:
    """Of a message, only that it arrived."""
