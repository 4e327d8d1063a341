"""The lines of the journal's files: one JSON object for each process and ten seconds with calls.

What is there many times is an array, so that the files reach further back. A new member goes to the
end, with a default: files of before are still read.
"""

from __future__ import annotations

import msgspec

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: the upper bounds of the latency buckets. One more bucket is for what took longer."""


class CallFailure(msgspec.Struct, frozen=True, array_like=True):
    """The last failure of an operation, as far as it may be written down."""

    at: float
    """Seconds since the epoch, like every time here."""
    error: str
    """Name of the class."""
    host: str
    status: int | None = None
    reason: str = ""
    """What happened on the network, in our words: DNS, refused, TLS, no answer in time."""


class LimitUse(msgspec.Struct, frozen=True, array_like=True):
    """A limit of the provider, at its lowest in these seconds."""

    at: float
    name: str
    remaining: float
    limit: float


class CallCounts(msgspec.Struct, frozen=True, array_like=True):
    """One operation in these seconds."""

    service: str
    operation: str
    outcomes: dict[str, int] = {}
    """"ok", or the name of the error's class -> calls."""
    latency: dict[int, int] = {}
    """Bucket -> calls."""
    seconds: float = 0.0
    """All calls together."""
    retries: int = 0
    failure: CallFailure | None = None
    limit: LimitUse | None = None


class OpenCircuit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A circuit that is open in this process."""

    service: str
    host: str
    since: float
    reason: str = ""
    """The failure that opened it."""
    operation: str = ""
    """Set if it stops this operation only."""


class CircuitChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A circuit opened or closed."""

    at: float
    service: str
    host: str
    state: str
    reason: str = ""
    operation: str = ""


class DeprecatedOperation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider announced of an operation; dates are ISO 8601."""

    service: str
    operation: str
    header: str
    date: str | None = None
    sunset: str | None = None
    link: str | None = None


class JournalBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: what one process counted since its last one."""

    at: float
    """Start of the ten seconds in which it was written."""
    host: str
    pid: int
    calls: tuple[CallCounts, ...] = ()
    open: tuple[OpenCircuit, ...] = ()
    """All that are open now."""
    changes: tuple[CircuitChange, ...] = ()
    deprecated: tuple[DeprecatedOperation, ...] = ()
