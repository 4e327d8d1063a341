"""A call, from its arguments to its result: all that the async and the sync service share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from noctule.runtime import errors
from noctule.runtime.body import ACCEPTED
from noctule.runtime.clock import SYSTEM
from noctule.runtime.config import CallOptions
from noctule.runtime.encoding import encode
from noctule.runtime.exchange import Wire
from noctule.runtime.guard import Guard
from noctule.runtime.health import SHARED, Healths
from noctule.runtime.idempotency import fingerprint, new_key
from noctule.runtime.models import decode
from noctule.runtime.telemetry import ContractWatch, Telemetry
from noctule.runtime.transport import Limits, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ClassVar

    from noctule.runtime.clock import Clock
    from noctule.runtime.config import Policies, ServiceConfig
    from noctule.runtime.operation import Operation, Replay, T
    from noctule.runtime.policy.verdict import Verdict
    from noctule.runtime.telemetry import Event
    from noctule.runtime.transport import Response

USER_AGENT = "noctule"


@dataclass(slots=True)
class Call:
    """One logical call, ready to be driven."""

    operation: Operation[Any]
    request: Request
    wire: Wire
    guard: Guard
    options: CallOptions
    key: str | None


class ServiceCore:
    """What a service knows and decides. It does no I/O."""

    config: ClassVar[ServiceConfig]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        healths: Healths | None = None,
        shared: bool = True,
    ) -> None:
        config = self.config
        self.base_url = (base_url or config.base_url).rstrip("/")
        self._clock = clock or SYSTEM
        self._telemetry = Telemetry(config.name, on_event)
        self._watch = ContractWatch(self._telemetry)
        self._auth = config.auth
        parts = urlsplit(self.base_url)
        key = f"{parts.scheme}://{parts.netloc} {','.join(config.secrets)}"
        known = healths or (SHARED if shared else Healths())
        self._health = known.of(key, config.policies)
        self._plain = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": ACCEPTED,
            **config.headers,
        }
        self._resolved: dict[str, tuple[CallOptions, Policies]] = {}

    def _prepare(
        self,
        operation: Operation[Any],
        path: Mapping[str, object] | None,
        query: Mapping[str, object] | None,
        headers: Mapping[str, object] | None,
        body: object,
        options: CallOptions | None,
    ) -> Call:
        options, policies = self._settings(operation, options)
        encoded = encode(operation, path, query, headers, body)
        sent = {**self._plain, "Accept": operation.accepts, **encoded.headers}
        if options.headers:
            sent.update(options.headers)
        replay, key = self._replay(operation, options, sent)
        if not encoded.replayable:
            policies = replace(policies, retry=replace(policies.retry, attempts=1))
        limits = Limits(
            policies.timeout,
            policies.connect_timeout,
            policies.pool_timeout,
            policies.max_response_bytes,
        )
        request = Request(
            operation.method,
            self.base_url + encoded.path_and_query,
            sent,
            encoded.content,
            limits,
        )
        guard = Guard(
            policies,
            self._health,
            self._clock,
            replay=replay,
            retry=self._retry_teller(operation),
        )
        wire = Wire(self.config, self._auth, self._clock, keyed=key is not None)
        return Call(operation, request, wire, guard, options, key)

    def _settings(
        self, operation: Operation[Any], options: CallOptions | None
    ) -> tuple[CallOptions, Policies]:
        """The options and policies of this call: its own, its method's, its service's."""
        known = self._resolved.get(operation.name)
        if known is None:
            method = self.config.methods.get(operation.name, CallOptions())
            known = method, method.policies(self.config.policies)
            self._resolved[operation.name] = known
        if options is None:
            return known
        merged = options.over(known[0])
        return merged, merged.policies(self.config.policies)

    def _replay(
        self, operation: Operation[Any], options: CallOptions, headers: dict[str, str]
    ) -> tuple[Replay, str | None]:
        """How the request may be repeated, and its idempotency key, which goes in `headers`.

        A key that the provider does not honour protects nothing, so without a header for it
        the operation is not sent twice.
        """
        name = self.config.idempotency_header
        if operation.replay != "keyed" and options.idempotency_key is None:
            return operation.replay, None
        if not name:
            return ("never" if operation.replay == "keyed" else operation.replay), None
        key = options.idempotency_key or new_key()
        headers[name] = key
        return "keyed", key

    def _retry_teller(
        self, operation: Operation[Any]
    ) -> Callable[[int, float, Verdict], None] | None:
        if not self._telemetry.wants("retry"):
            return None

        def tell(failed: int, wait: float, verdict: Verdict) -> None:
            error = verdict.error
            self._telemetry.tell(
                "retry",
                operation.name,
                failed=failed,
                wait=wait,
                error=type(error).__name__,
                status=error and error.status,
            )

        return tell

    def _finish(self, call: Call, operation: Operation[T], verdict: Verdict) -> T:
        """The result of a call that succeeded; raises `InvalidResponse`."""
        response = cast("Response", verdict.response)
        kind: Any = operation.returns
        result: Any = None
        if kind is bytes:
            result = response.content
        elif kind is str:
            result = response.text
        elif kind is not None:
            result = self._decoded(operation.name, kind, response)
        self._tell_call(call, response, None)
        return cast("T", result)

    def _decoded(self, name: str, kind: Any, response: Response) -> Any:
        try:
            value, violations = decode(kind, response.content)
        except errors.InvalidResponse as error:
            error.status = response.status
            error.response = response
            raise
        for violation in violations:
            self._watch.note(name, violation)
        return value

    def _explain(self, call: Call, error: errors.ServiceError) -> None:
        """Write into the error all that its reader needs to know."""
        error.service = self.config.name
        error.operation = call.operation.name
        error.idempotency_key = call.key
        if error.response is not None:
            error.request_id = self._request_id(error.response)
        if isinstance(error, errors.OutcomeUnknown):
            content = call.request.content
            error.fingerprint = fingerprint(
                call.operation.method.encode(),
                call.request.url.encode(),
                content if isinstance(content, bytes) else b"",
            )
        self._tell_call(call, error.response, error)

    def _request_id(self, response: Response) -> str | None:
        name = self.config.request_id_header or "x-request-id"
        return response.headers.get(name)

    def _tell_call(
        self, call: Call, response: Response | None, error: errors.ServiceError | None
    ) -> None:
        if not self._telemetry.wants("call"):
            return
        self._telemetry.tell(
            "call",
            call.operation.name,
            attempts=call.guard.attempts,
            seconds=self._clock.monotonic() - call.guard.start,
            status=response.status if response else None,
            request_id=self._request_id(response) if response else None,
            error=type(error).__name__ if error else None,
        )
