"""What can go wrong, by who must act: the sender, the operator, or the handler."""

from enum import StrEnum
from typing import Any

from noctule.runtime.errors import restored


class Reason(StrEnum):
    """Why a delivery was rejected, with the HTTP status of the answer."""

    def __new__(cls, word: str, status: int) -> "Reason":
        member = str.__new__(cls, word)
        member._value_ = word
        member.status = status
        return member

    status: int

    MISSING_SIGNATURE = "missing_signature", 401
    DOUBLED_HEADER = "doubled_header", 401
    MALFORMED_HEADER = "malformed_header", 401
    MALFORMED_SIGNATURE = "malformed_signature", 401
    MISSING_TIMESTAMP = "missing_timestamp", 401
    MALFORMED_TIMESTAMP = "malformed_timestamp", 401
    STALE = "stale", 401
    FROM_THE_FUTURE = "from_the_future", 401
    MISSING_FIELD = "missing_field", 401
    BODY_NOT_COVERED = "body_not_covered", 401
    FOREIGN_KEY = "foreign_key", 401
    NOT_EXPECTED = "not_expected", 401
    CAPTURE_CLOSED = "capture_closed", 401
    MISMATCH = "signature_mismatch", 401
    UNPARSEABLE = "unparseable", 400
    INCOMPLETE = "body_incomplete", 400
    HEADERS_TOO_LARGE = "headers_too_large", 400
    METHOD = "method_not_allowed", 405
    SLOW = "body_too_slow", 408
    LENGTH_REQUIRED = "length_required", 411
    BODY_TOO_LARGE = "body_too_large", 413
    UNSUPPORTED_MEDIA = "unsupported_media", 415
    ENCODED_BODY = "encoded_body", 415
    TOO_MANY = "too_many", 429


class Rejection(Exception):
    """A delivery is not accepted. The only exception that a sender can cause.

    `reason` is for machines; `detail` names a header or field, and never quotes a received value.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reason, self.detail)

    @property
    def status(self) -> int:
        return self.reason.status


class WebhookError(Exception):
    """Base of the errors that the operator or the developer must fix."""

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (type(self), self.args), dict(vars(self))


class Refused(WebhookError):
    """The provider's deliveries cannot be verified, so no receiver is built for them."""


class InvalidScheme(WebhookError, ValueError):
    """A `[signature]` table is wrong. The message names the key."""


class InvalidSecret(WebhookError, ValueError):
    """A secret does not have the form that the scheme needs. The message never quotes it."""


class KeyUnavailable(WebhookError):
    """The provider's published key could not be fetched in time. Try again."""


class KeyNotCached(KeyUnavailable):
    """The key of a delivery was not fetched yet; `request` fetches it (a KeyRequest). Not in a
    copy or a pickle, since it may hold a credential."""

    def __init__(self, request: Any = None) -> None:
        super().__init__("the provider's key is not cached")
        self.request = request

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class InboxError(WebhookError):
    """The inbox cannot be used: an unsafe SQLite library, a newer schema, a full disk."""


class Busy(InboxError):
    """The inbox is full for the moment; the sender is told when to retry."""


class EventConflict(InboxError):
    """Another process stored or moved the same thing at the same moment. Try again."""


class PermanentFailure(Exception):
    """Raise it in a handler if a retry cannot help: the event becomes dead at once."""


class NotCommitted(Exception):
    """A handler completed its event in a transaction that was rolled back."""


class Disconnected(Exception):
    """The sender closed the connection before the whole body arrived: nothing is stored."""
