"""Failures that a provider reports inside a 200: `{"ok": false, "error": "ratelimited"}`, or
`{"errors": [{"message": "no such field"}]}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.redaction import REDACTOR

if TYPE_CHECKING:
    from noctule.runtime.policy.outcome import RetryKind
    from noctule.runtime.request import Response

MAX_CODE = 200
"""Characters of a code that an error keeps."""

_PRINTABLE_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
"""A code that a message may show: an identifier, never a sentence about somebody's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyFailure:
    """Where the JSON body of a 2xx response reports a failure, and what its codes mean.

    `flag`, `error` and `code` are member names, with dots between the names of nested members and
    numbers for places in lists. One of `flag` and `error` is needed. A code in no list is a
    `ClientError` and is not retried.
    """

    flag: str = ""
    """False in a failure, or one of the texts `failed`."""
    code: str = ""
    """Holds the error code of a failure; without it, `error` does if it is a text."""
    error: str = ""
    """There in a failure, and neither null, nor empty, nor zero."""
    failed: tuple[str, ...] = ()
    """What the flag says in a failure, where it is a text: ("error", "fail")."""
    rate_limited: tuple[str, ...] = ()
    """Nothing was done: wait, then retry (`RateLimited`)."""
    retryable: tuple[str, ...] = ()
    """Nothing was done: retry (`ServerError`)."""
    uncertain: tuple[str, ...] = ()
    """Part of the work may have been done: `OutcomeUnknown` for a write that must not repeat."""
    unauthorized: tuple[str, ...] = ()
    """The credentials were rejected: renewed once if possible, then `Unauthorized`."""

    def __post_init__(self) -> None:
        if not (self.flag or self.error):
            raise errors.ConfigurationError("BodyFailure needs a flag or an error")

    def code_of(self, response: Response) -> str | None:
        """The code of the failure; "" for a failure without one, None for a success."""
        content = response.content
        if not 200 <= response.status < 300 or not self._reports_failure(content):
            return None
        code = _member(content, self.code or self.error)
        if isinstance(code, int) and not isinstance(code, bool):
            return str(code)
        return code if isinstance(code, str) else ""

    def _reports_failure(self, content: bytes) -> bool:
        if self.flag:
            flag = _member(content, self.flag)
            if flag is False or (isinstance(flag, str) and flag in self.failed):
                return True
        return bool(self.error and _member(content, self.error))

    def rejects_credentials(self, response: Response) -> bool:
        return bool(self.unauthorized) and self.code_of(response) in self.unauthorized

    def outcome(self, response: Response, now: float) -> AttemptOutcome | None:
        """What the failure means; None for a success. `now` is seconds since the epoch."""
        code = self.code_of(response)
        if code is None:
            return None
        error, delivery, retry_kind = self._meaning(code)
        error.status, error.response = response.status, response
        error.provider_code = REDACTOR.beginning(code, MAX_CODE)
        healthy = not isinstance(error, errors.ServerError)
        outcome = AttemptOutcome(
            error=error, delivery=delivery, retry_kind=retry_kind, healthy=healthy
        )
        if isinstance(error, errors.Unavailable):
            from noctule.runtime.responses.retry_after import retry_after

            seconds = retry_after(response.headers, now)
            error.retry_after = outcome.retry_after = seconds
            outcome.cooldown = seconds or 0.0
        return outcome

    def _meaning(self, code: str) -> tuple[errors.ServiceError, DeliveryStatus, RetryKind]:
        detail = (code,) if _PRINTABLE_CODE.fullmatch(code) else ()
        if code in self.rate_limited:
            return errors.RateLimited(*detail), DeliveryStatus.REJECTED, "throttled"
        if code in self.retryable:
            return errors.ServerError(*detail), DeliveryStatus.REJECTED, "transient"
        if code in self.uncertain:
            return errors.ServerError(*detail), DeliveryStatus.UNKNOWN, "transient"
        if code in self.unauthorized:
            return errors.Unauthorized(*detail), DeliveryStatus.REJECTED, "no"
        return errors.ClientError(*detail), DeliveryStatus.REJECTED, "no"


def _member(content: bytes, path: str) -> Any:
    """The value at `path` in a JSON object; None where there is none. Other members are skipped,
    not decoded."""
    import msgspec

    content = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content.startswith(b"{"):
        return None
    try:
        for name in path.split("."):
            if content.startswith(b"["):
                content = bytes(msgspec.json.decode(content, type=list[msgspec.Raw])[int(name)])
            else:
                content = bytes(msgspec.json.decode(content, type=dict[str, msgspec.Raw])[name])
        return msgspec.json.decode(content)
    except (ValueError, LookupError, RecursionError):
        return None
