"""The library that wrappers of third-party APIs use in production.

Every public name is listed here and imported when it is first used, so that importing this
package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.runtime.auth import (
        All,
        ApiKeyHeader,
        ApiKeyQuery,
        Auth,
        AwsSigV4,
        Basic,
        Bearer,
        Digest,
        JwtAssertion,
        NoAuth,
        OAuth2ClientCredentials,
        OAuth2RefreshToken,
        Signed,
        TokenFile,
    )
    from noctule.runtime.call.circuits import SharedBreakers
    from noctule.runtime.call.config import OFF, CallOptions, Policies, ServiceConfig
    from noctule.runtime.call.provider_state import ProviderStates
    from noctule.runtime.call.result import RawResponse
    from noctule.runtime.call.server_variables import ServerVariable
    from noctule.runtime.call.service_options import ServiceOptions, SyncServiceOptions
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.clock import Clock, SystemClock, deadline
    from noctule.runtime.decoding.models import (
        JSON,
        NULL,
        Model,
        Null,
        OpenModel,
        Variants,
        Violation,
        field,
    )
    from noctule.runtime.encoding import File, FormPart
    from noctule.runtime.encoding.extra import with_extra
    from noctule.runtime.errors import (
        BadRequest,
        CircuitOpen,
        ClientError,
        ConfigurationError,
        Conflict,
        ConnectionFailed,
        DeadlineExceeded,
        FallbackRefused,
        Forbidden,
        InvalidArgument,
        InvalidMember,
        InvalidResponse,
        LiteralSecret,
        MissingSecrets,
        NotFound,
        OutcomeUnknown,
        RateLimited,
        ResponseTooLarge,
        ServerError,
        ServiceError,
        TimedOut,
        TooManyConcurrentCalls,
        Unauthorized,
        Unavailable,
        Unprocessable,
    )
    from noctule.runtime.fallback.fallback import (
        Computed,
        Degraded,
        Fallback,
        LastGood,
        Message,
        Value,
    )
    from noctule.runtime.fallback.outbox import FlushResult, Outbox
    from noctule.runtime.fallback.outbox_store import OutboxStore, SqliteOutboxStore
    from noctule.runtime.fallback.reconcile import NOT_DONE, UNKNOWN, Done, Reconciled
    from noctule.runtime.idempotency import key_for
    from noctule.runtime.operation import Operation
    from noctule.runtime.pagination.iterator import (
        Cursor,
        LastId,
        LinkHeader,
        NextUrl,
        Offset,
        PageNumber,
        Paging,
        paginate,
        paginate_sync,
    )
    from noctule.runtime.policy.backoff import Backoff
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.retry import RetryLimits
    from noctule.runtime.policy.retry_budget import RetryBudget
    from noctule.runtime.redaction import Redactor, redact
    from noctule.runtime.request import Headers, Request, Response
    from noctule.runtime.responses.problem_details import ProblemDetails
    from noctule.runtime.responses.rate_limits import RateLimitHeaders
    from noctule.runtime.secrets import Secret, SecretRef, env, require_env
    from noctule.runtime.service import Service, SyncService
    from noctule.runtime.transport.http import HttpTransport, SyncHttpTransport
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport
    from noctule.runtime.transport.stream import AsyncStream, SyncStream
    from noctule.runtime.transport.tls import Tls, path_in

__all__ = [
    "JSON",
    "NOT_DONE",
    "NULL",
    "OFF",
    "UNKNOWN",
    "All",
    "ApiKeyHeader",
    "ApiKeyQuery",
    "AsyncStream",
    "AsyncTransport",
    "Auth",
    "AwsSigV4",
    "Backoff",
    "BadRequest",
    "Basic",
    "Bearer",
    "BodyFailure",
    "BreakerLimits",
    "CallOptions",
    "CircuitOpen",
    "ClientError",
    "Clock",
    "Computed",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Cursor",
    "DeadlineExceeded",
    "Degraded",
    "Digest",
    "Done",
    "Fallback",
    "FallbackRefused",
    "File",
    "FlushResult",
    "Forbidden",
    "FormPart",
    "Headers",
    "HttpTransport",
    "InvalidArgument",
    "InvalidMember",
    "InvalidResponse",
    "JwtAssertion",
    "LastGood",
    "LastId",
    "LinkHeader",
    "LiteralSecret",
    "Message",
    "MissingSecrets",
    "Model",
    "NextUrl",
    "NoAuth",
    "NotFound",
    "Null",
    "OAuth2ClientCredentials",
    "OAuth2RefreshToken",
    "Offset",
    "OpenModel",
    "Operation",
    "Outbox",
    "OutboxStore",
    "OutcomeUnknown",
    "PageNumber",
    "Paging",
    "Policies",
    "ProblemDetails",
    "ProviderStates",
    "RateLimitHeaders",
    "RateLimited",
    "RawResponse",
    "Reconciled",
    "Redactor",
    "Request",
    "Response",
    "ResponseTooLarge",
    "RetryBudget",
    "RetryLimits",
    "Secret",
    "SecretRef",
    "ServerError",
    "ServerVariable",
    "Service",
    "ServiceConfig",
    "ServiceError",
    "ServiceOptions",
    "SharedBreakers",
    "Signed",
    "SqliteOutboxStore",
    "SyncHttpTransport",
    "SyncService",
    "SyncServiceOptions",
    "SyncStream",
    "SyncTransport",
    "SystemClock",
    "TelemetryEvent",
    "TimedOut",
    "Tls",
    "TokenFile",
    "TooManyConcurrentCalls",
    "Unauthorized",
    "Unavailable",
    "Unprocessable",
    "Value",
    "Variants",
    "Violation",
    "deadline",
    "env",
    "field",
    "key_for",
    "paginate",
    "paginate_sync",
    "path_in",
    "redact",
    "require_env",
    "with_extra",
]

_HOMES = {
    "auth": "All ApiKeyHeader ApiKeyQuery Auth AwsSigV4 Basic Bearer Digest JwtAssertion NoAuth"
    " OAuth2ClientCredentials OAuth2RefreshToken Signed TokenFile",
    "clock": "Clock SystemClock deadline",
    "call.config": "CallOptions OFF Policies ServiceConfig",
    "call.result": "RawResponse",
    "call.server_variables": "ServerVariable",
    "call.service_options": "ServiceOptions SyncServiceOptions",
    "encoding": "File FormPart",
    "encoding.extra": "with_extra",
    "errors": "BadRequest CircuitOpen ConfigurationError Conflict ConnectionFailed"
    " DeadlineExceeded FallbackRefused Forbidden InvalidArgument InvalidMember InvalidResponse"
    " LiteralSecret MissingSecrets NotFound OutcomeUnknown RateLimited ClientError ResponseTooLarge"
    " ServerError ServiceError TimedOut TooManyConcurrentCalls Unauthorized Unavailable"
    " Unprocessable",
    "fallback.fallback": "Computed Degraded Fallback LastGood Message Value",
    "call.circuits": "SharedBreakers",
    "call.provider_state": "ProviderStates",
    "transport.http": "HttpTransport SyncHttpTransport",
    "idempotency": "key_for",
    "fallback.outbox_store": "OutboxStore SqliteOutboxStore",
    "decoding.models": "JSON NULL Model Null OpenModel Variants Violation field",
    "operation": "Operation",
    "fallback.outbox": "FlushResult Outbox",
    "pagination.iterator": "Cursor LastId LinkHeader NextUrl Offset PageNumber Paging paginate"
    " paginate_sync",
    "policy.backoff": "Backoff",
    "policy.body_failure": "BodyFailure",
    "policy.breaker": "BreakerLimits",
    "policy.retry_budget": "RetryBudget",
    "policy.retry": "RetryLimits",
    "fallback.reconcile": "NOT_DONE UNKNOWN Done Reconciled",
    "redaction": "Redactor redact",
    "secrets": "Secret SecretRef env require_env",
    "service": "Service SyncService",
    "call.telemetry": "TelemetryEvent",
    "request": "Headers Request Response",
    "responses.problem_details": "ProblemDetails",
    "responses.rate_limits": "RateLimitHeaders",
    "transport.protocol": "AsyncTransport SyncTransport",
    "transport.stream": "AsyncStream SyncStream",
    "transport.tls": "Tls path_in",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOME_OF)
