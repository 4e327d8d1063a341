"""OpenTelemetry spans, for applications that use OpenTelemetry.

Only its API is used, and only when the application has imported it before the service is created:
without tracing, nothing is paid for it. A span holds names, numbers and statuses, like an event:
no URL, query, header or body, and no message of an exception.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.runtime.operation import Operation


class Tracing:
    """One span per call, named after its operation."""

    def __init__(self, tracer: Any, service: str) -> None:
        self._tracer = tracer
        self._service = service

    @contextmanager
    def span(self, operation: Operation[Any]) -> Generator[None]:
        if not hasattr(operation, "path"):  # no operation: the call itself refuses it by name
            yield
            return
        with self._tracer.start_as_current_span(
            f"{self._service}.{operation.name}",
            kind=sys.modules["opentelemetry.trace"].SpanKind.CLIENT,
            attributes={
                "http.request.method": operation.method,
                "url.template": operation.path,
                "peer.service": self._service,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                _failed(span, error)
                raise


def _failed(span: Any, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__name__)
    status = getattr(error, "status", None)
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if attempts := getattr(error, "attempts", 0):
        span.set_attribute("http.request.resend_count", attempts - 1)
    span.set_status(sys.modules["opentelemetry.trace"].StatusCode.ERROR)


def find_tracing(service: str) -> Tracing | None:
    """None unless the application uses OpenTelemetry."""
    trace = sys.modules.get("opentelemetry.trace")
    return None if trace is None else Tracing(trace.get_tracer("noctule.runtime"), service)
