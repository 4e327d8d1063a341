"""When the provider wants the next attempt, and whether it wants one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.runtime.responses.moments import MAX_LENGTH, moment, number, seconds_until

if TYPE_CHECKING:
    from collections.abc import Mapping

MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
"""Azure OpenAI and the SDKs made from its document; Cosmos DB."""
SECONDS = ("retry-after", "x-ratelimit-retry-after", "x-ratelimit-reset-after")
"""RFC 9110; MailerLite; Discord."""
MAX_VALUES = 10
"""Values of one header that are compared."""

# A comma that is not the one in "Fri, 15 Jan 2027" or "Sunday, 06-Nov-94".
_SEPARATOR = re.compile(r"(?<!Mon|Tue|Wed|Thu|Fri|Sat|Sun|day),", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait before the next attempt; None when the headers ask for no wait.

    `Retry-After` in seconds, also with a fraction or a unit, or as a date in any form; milliseconds
    in headers of their own. The longest of several values counts. A wait of zero, a negative one
    and a date that has passed are no request to wait. `now` is seconds since the epoch, for a
    provider that does not tell its own time.
    """
    for name in MILLISECONDS:
        milliseconds = number(headers.get(name))
        if milliseconds is not None and milliseconds > 0:
            return milliseconds / 1000
    for name in SECONDS:
        value = headers.get(name)
        seconds = None if value is None else _longest(value, provider_time(headers, now))
        if seconds is not None:
            return seconds
    return None


def provider_time(headers: Mapping[str, str], now: float) -> float:
    """The provider's clock, by its Date header: a date of theirs means a moment on it."""
    theirs = moment(headers.get("date"))
    return now if theirs is None else theirs


def should_retry(headers: Mapping[str, str], header: str) -> bool | None:
    """The provider's advice in `header` (Stripe-Should-Retry …) or `X-Should-Retry`."""
    value = headers.get(header) if header else None
    value = (value or headers.get("x-should-retry") or "").strip().lower()
    return {"true": True, "false": False}.get(value)


def _longest(value: str, now: float) -> float | None:
    """The longest wait in `value`; None when it asks for none."""
    parts = _SEPARATOR.split(value[: MAX_LENGTH * MAX_VALUES], MAX_VALUES)[:MAX_VALUES]
    waits = [wait for part in parts if (wait := seconds_until(part, now)) is not None]
    return max((wait for wait in waits if wait > 0), default=None)
