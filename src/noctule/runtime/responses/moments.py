"""Moments and durations, in every spelling that providers use for them in headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

MAX_LENGTH = 100
"""Characters of a moment; a longer text is none."""

EPOCH_FROM = 1e8
"""A number from here on is a moment, not a wait: nobody asks to wait for three years."""
_NUMBER = re.compile(r'\s{0,9}"?(-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}))"?\s{0,9}')
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s?(ms|milliseconds?|d(?:ays?)?|h(?:(?:ou)?rs?)?|"
    r"m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])\s?",
    re.IGNORECASE,
)
# What JavaScript writes for a Date: "Tue Feb 16 2021 09:02:42 GMT+0100 (Central European …)".
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{1,2}) ([0-9]{4}) ([0-9:]{8}) GMT([+-][0-9]{4})"
)


# "2027-01-15 08:00:20 UTC", as Ruby prints a time, and "… +0000".
_ZONE = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{5,15}) ?(?:UTC|GMT|Z|\+0000)$")
_ISO_ZONE = r"\1+00:00"


def number(value: str | None) -> float | None:
    """A finite decimal number: "inf", "nan" and "1_0" are not what a header means."""
    if not value:
        return None
    found = _NUMBER.fullmatch(value)
    return float(found[1]) if found else None


def moment(value: str | None) -> float | None:
    """Seconds since the epoch of a date: as HTTP writes it (three forms), as ISO 8601 does, or as
    JavaScript does. Without a time zone, UTC is meant."""
    if not value or len(value) > MAX_LENGTH:
        return None
    text = _ZONE.sub(_ISO_ZONE, value.strip().strip('"'))
    for read in (_http_date, datetime.fromisoformat):
        try:
            date = read(text)
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _http_date(text: str) -> datetime:
    from email.utils import parsedate_to_datetime

    script = _JAVASCRIPT.match(text)
    if script:
        month, day, year, time, zone = script.groups()
        text = f"{day} {month} {year} {time} {zone}"
    return parsedate_to_datetime(text)


def epoch(value: str | None) -> float | None:
    """Seconds since the epoch of a date, or of a number of seconds, milliseconds or microseconds
    since then; None for a smaller number."""
    amount = number(value)
    if amount is None:
        return moment(value)
    if amount < EPOCH_FROM or amount > 1e17:
        return None
    for unit in (1.0, 1e3, 1e6):
        if amount / unit < 1e11:
            return amount / unit
    return None


def duration(value: str) -> float | None:
    """Seconds of "6m0s", "20ms", "30 seconds"; None when it is no duration."""
    text = value.strip().strip('"')
    if len(text) > MAX_LENGTH:
        return None
    seconds, position = 0.0, 0
    for part in _DURATION.finditer(text):
        if part.start() != position:
            return None
        unit = part[2].lower()
        seconds += float(part[1]) * _UNITS["ms" if unit.startswith(("ms", "mil")) else unit[0]]
        position = part.end()
    return seconds if position and position == len(text) else None


def seconds_until(value: str | None, now: float) -> float | None:
    """Seconds from `now` (since the epoch) to what `value` means: a wait in seconds, a duration
    with its units, a number since the epoch or a date. Not positive when that is over; None when
    it cannot be read."""
    if value is None:
        return None
    amount = number(value)
    if amount is not None and amount < EPOCH_FROM:
        return amount
    at = epoch(value)
    return duration(value) if at is None else at - now
