"""What a provider says about when to come back, read from the headers of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ResetKind = Literal["epoch", "epoch-ms", "seconds", "milliseconds", "date"]


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """The headers that say how many calls are left, and when the count starts again."""

    remaining_header: str
    reset_header: str
    reset_kind: ResetKind = "epoch"
    statuses: tuple[int, ...] = ()
    """Statuses, besides 429, that are rate limits where the answer has `Retry-After` or says that
    no call is left (GitHub's 403)."""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, from `Retry-After-Ms`, or `Retry-After` in seconds or as an HTTP date.

    `now` is seconds since the epoch, for a provider that does not tell its own time. None when
    the headers say nothing that can be read; a moment in the past gives 0.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    return _until_date(value, _their_time(headers, now))


def should_retry(headers: Mapping[str, str], header: str) -> bool | None:
    """The provider's advice in `header` (Stripe-Should-Retry …) or `X-Should-Retry`."""
    value = headers.get(header) if header else None
    value = (value or headers.get("x-should-retry") or "").strip().lower()
    return {"true": True, "false": False}.get(value)


def window_reset(headers: Mapping[str, str], names: RateLimitHeaders, now: float) -> float | None:
    """Seconds until calls are allowed again, when the provider says that none is left."""
    remaining = _number(headers.get(names.remaining_header))
    if remaining is None or remaining > 0:
        return None
    value = headers.get(names.reset_header)
    now = _their_time(headers, now)
    if names.reset_kind == "date":
        return _until_date(value, now)
    moment = _number(value)
    if moment is None:
        return None
    if names.reset_kind in ("epoch-ms", "milliseconds"):
        moment /= 1000
    return max(0.0, moment - now if names.reset_kind.startswith("epoch") else moment)


def _number(value: str | None) -> float | None:
    """A finite decimal number: "inf", "nan" and "1_0" are not what a header means."""
    if not value:
        return None
    digits = value.strip()
    if not digits.removeprefix("-").replace(".", "", 1).isdecimal() or not digits.isascii():
        return None
    number = float(digits)
    return number if number < 1e15 else None


def _their_time(headers: Mapping[str, str], now: float) -> float:
    """The provider's clock, by its Date header: a date of theirs means a moment on it."""
    theirs = _moment(headers.get("date"))
    return now if theirs is None else theirs


def _until_date(value: str | None, now: float) -> float | None:
    moment = _moment(value)
    return None if moment is None else max(0.0, moment - now)


def _moment(value: str | None) -> float | None:
    """Seconds since the epoch of an HTTP date."""
    if not value:
        return None
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        from datetime import UTC

        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
