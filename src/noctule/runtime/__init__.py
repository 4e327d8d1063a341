"""What a wrapper around a third-party API stands on in production.

Everything public is named here and is imported when it is first used, so that importing this
package costs next to nothing.
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
        Basic,
        Bearer,
        JwtAssertion,
        NoAuth,
        OAuth2ClientCredentials,
        OAuth2RefreshToken,
        TokenFile,
    )
    from noctule.runtime.call import Answer
    from noctule.runtime.clock import Clock, SystemClock, deadline
    from noctule.runtime.config import OFF, CallOptions, Policies, ServiceConfig
    from noctule.runtime.encoding import File
    from noctule.runtime.errors import (
        BadRequest,
        CircuitOpen,
        ConfigurationError,
        Conflict,
        ConnectionFailed,
        DeadlineExceeded,
        FallbackRefused,
        Forbidden,
        InvalidArgument,
        InvalidResponse,
        LiteralSecret,
        MissingSecrets,
        NotFound,
        OutcomeUnknown,
        RateLimited,
        Rejected,
        ResponseTooLarge,
        Saturated,
        ServerError,
        ServiceError,
        TimedOut,
        Unauthorized,
        Unavailable,
        Unprocessable,
    )
    from noctule.runtime.fallback import Computed, Degraded, Fallback, LastGood, Message, Value
    from noctule.runtime.health import Circuits, Healths
    from noctule.runtime.http import HttpTransport, SyncHttpTransport
    from noctule.runtime.idempotency import key_for
    from noctule.runtime.letters import Letters, SqliteLetters
    from noctule.runtime.models import JSON, NULL, Model, Violation, field
    from noctule.runtime.operation import Operation
    from noctule.runtime.outbox import Delivery, Outbox
    from noctule.runtime.pagination import (
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
    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.hints import RateLimitHeaders
    from noctule.runtime.policy.quota import QuotaLimits
    from noctule.runtime.policy.retry import RetryLimits
    from noctule.runtime.reconcile import NOT_DONE, UNKNOWN, Done, Reconciled
    from noctule.runtime.redaction import Redactor, redact
    from noctule.runtime.secrets import Secret, SecretRef, env, require_env
    from noctule.runtime.service import Service, SyncService
    from noctule.runtime.telemetry import Event
    from noctule.runtime.transport import AsyncTransport, Headers, Request, Response, SyncTransport

__all__ = [
    "JSON",
    "NOT_DONE",
    "NULL",
    "OFF",
    "UNKNOWN",
    "All",
    "Answer",
    "ApiKeyHeader",
    "ApiKeyQuery",
    "AsyncTransport",
    "Auth",
    "Backoff",
    "BadRequest",
    "Basic",
    "Bearer",
    "BreakerLimits",
    "CallOptions",
    "CircuitOpen",
    "Circuits",
    "Clock",
    "Computed",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Cursor",
    "DeadlineExceeded",
    "Degraded",
    "Delivery",
    "Done",
    "Event",
    "Fallback",
    "FallbackRefused",
    "File",
    "Forbidden",
    "Headers",
    "Healths",
    "HttpTransport",
    "InvalidArgument",
    "InvalidResponse",
    "JwtAssertion",
    "LastGood",
    "LastId",
    "Letters",
    "LinkHeader",
    "LiteralSecret",
    "Message",
    "MissingSecrets",
    "Model",
    "NextUrl",
    "NoAuth",
    "NotFound",
    "OAuth2ClientCredentials",
    "OAuth2RefreshToken",
    "Offset",
    "Operation",
    "Outbox",
    "OutcomeUnknown",
    "PageNumber",
    "Paging",
    "Policies",
    "QuotaLimits",
    "RateLimitHeaders",
    "RateLimited",
    "Reconciled",
    "Redactor",
    "Rejected",
    "Request",
    "Response",
    "ResponseTooLarge",
    "RetryLimits",
    "Saturated",
    "Secret",
    "SecretRef",
    "ServerError",
    "Service",
    "ServiceConfig",
    "ServiceError",
    "SqliteLetters",
    "SyncHttpTransport",
    "SyncService",
    "SyncTransport",
    "SystemClock",
    "TimedOut",
    "TokenFile",
    "Unauthorized",
    "Unavailable",
    "Unprocessable",
    "Value",
    "Violation",
    "deadline",
    "env",
    "field",
    "key_for",
    "paginate",
    "paginate_sync",
    "redact",
    "require_env",
]

_HOMES = {
    "auth": "All ApiKeyHeader ApiKeyQuery Auth Basic Bearer JwtAssertion NoAuth"
    " OAuth2ClientCredentials OAuth2RefreshToken TokenFile",
    "call": "Answer",
    "clock": "Clock SystemClock deadline",
    "config": "CallOptions OFF Policies ServiceConfig",
    "encoding": "File",
    "errors": "BadRequest CircuitOpen ConfigurationError Conflict ConnectionFailed"
    " DeadlineExceeded FallbackRefused Forbidden InvalidArgument InvalidResponse LiteralSecret"
    " MissingSecrets NotFound OutcomeUnknown RateLimited Rejected ResponseTooLarge Saturated"
    " ServerError ServiceError TimedOut Unauthorized Unavailable Unprocessable",
    "fallback": "Computed Degraded Fallback LastGood Message Value",
    "health": "Circuits Healths",
    "http": "HttpTransport SyncHttpTransport",
    "idempotency": "key_for",
    "letters": "Letters SqliteLetters",
    "models": "JSON NULL Model Violation field",
    "operation": "Operation",
    "outbox": "Delivery Outbox",
    "pagination": "Cursor LastId LinkHeader NextUrl Offset PageNumber Paging paginate"
    " paginate_sync",
    "policy.backoff": "Backoff",
    "policy.breaker": "BreakerLimits",
    "policy.hints": "RateLimitHeaders",
    "policy.quota": "QuotaLimits",
    "policy.retry": "RetryLimits",
    "reconcile": "NOT_DONE UNKNOWN Done Reconciled",
    "redaction": "Redactor redact",
    "secrets": "Secret SecretRef env require_env",
    "service": "Service SyncService",
    "telemetry": "Event",
    "transport": "AsyncTransport Headers Request Response SyncTransport",
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
