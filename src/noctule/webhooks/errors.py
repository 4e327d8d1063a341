"""What can go wrong, by whose fault: the sender's, the configuration's, the handler's."""

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a delivery was not accepted: a word for machines, and the HTTP status it is answered."""

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
    ENROLMENT_CLOSED = "enrolment_closed", 401
    MISMATCH = "signature_mismatch", 401
    UNPARSEABLE = "unparseable", 400
    HEADERS_TOO_LARGE = "headers_too_large", 400
    METHOD = "method_not_allowed", 405
    SLOW = "body_too_slow", 408
    BODY_TOO_LARGE = "body_too_large", 413
    UNSUPPORTED_MEDIA = "unsupported_media", 415
    ENCODED_BODY = "encoded_body", 415
    TOO_MANY = "too_many", 429


class Rejection(Exception):
    """A delivery that is not accepted. The only exception that a sender can cause.

    `reason` is for machines, `detail` names the place (a header, a field), never a value received.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    @property
    def status(self) -> int:
        return self.reason.status


class WebhookError(Exception):
    """Root of what the operator or the developer has to put right."""


class Refused(WebhookError):
    """The provider's deliveries cannot be verified, so no receiver is built for them."""


class InvalidScheme(WebhookError, ValueError):
    """A `[signature]` table that has no meaning. The message names the key."""


class InvalidSecret(WebhookError, ValueError):
    """A secret that is not of the form the scheme asks for. The message never holds its value."""


class KeyUnavailable(WebhookError):
    """The key that the provider publishes could not be had in time: it is asked for again."""


class KeyWanted(KeyUnavailable):
    """The key that a delivery was signed with is not known here yet."""

    def __init__(self, wanted: Any) -> None:
        super().__init__("the provider's key is not known yet")
        self.wanted = wanted


class InboxError(WebhookError):
    """The inbox cannot be used: an affected SQLite library, a newer schema, a disk that refuses."""


class Busy(InboxError):
    """The inbox does not take more now; the sender is told when to come back."""


class EventConflict(InboxError):
    """Another host stored one of the same events at the same moment: look again."""


class PermanentFailure(Exception):
    """Raise it in a handler when another attempt cannot help: the event is set aside at once."""


class NotCommitted(Exception):
    """A handler completed its event in a transaction that did not come to be."""


class Disconnected(Exception):
    """The sender went away before the body was whole: it is neither stored nor answered."""
