"""Telemetry: the events of a service's calls, for one hook and the log.

They hold names, numbers and statuses only: never a query, a body or a message of the provider, and
of its headers the dates and the link of a deprecation. Events:

    attempt             an attempt ended: number, status, seconds, error
    retry               another one follows: failed, wait, error, status
    call                a call succeeded: attempts, seconds, status, request_id
    failed_call         a call failed: the same, and error; of the network, or for an open
                        circuit, also the reason (the host and what happened)
    outcome_unknown     a write may have happened, its call failed or was cancelled: attempts,
                        seconds, fingerprint, idempotency_key (to the hook only), error
    breaker             a circuit opened or closed: state, origin, and only, the operation, if it
                        is the circuit of one operation
    trial_call          an open circuit admits a trial call, or one failed: the same
    degraded            a fallback was used: source, age, error
    contract_violation  a response does not fit its model: pointer, expected, found; once per place
    deprecated          the provider announces that the operation will go away: header, date,
                        sunset (ISO 8601), link; once per operation and announcement
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime.redaction import log_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.decoding.models import Violation
    from noctule.runtime.journal.recorder import ServiceRecorder
    from noctule.runtime.responses.deprecation import DeprecationNotice

LOGGER = logging.getLogger("noctule.runtime")

_LEVELS = {
    "attempt": logging.DEBUG,
    "call": logging.DEBUG,
    "failed_call": logging.WARNING,
    "outcome_unknown": logging.ERROR,
    "retry": logging.INFO,
    "breaker": logging.WARNING,
    "trial_call": logging.DEBUG,
    "degraded": logging.WARNING,
    "contract_violation": logging.WARNING,
    "deprecated": logging.WARNING,
}


@dataclass(frozen=True, slots=True)
class TelemetryEvent:
    """One event of a call; `data` holds the fields listed in this module."""

    name: str
    service: str
    operation: str
    data: Mapping[str, object] = field(default_factory=dict[str, object])


class Telemetry:
    """Sends events to `on_event` and to the logger `noctule.runtime`.

    A hook that raises does not fail the call: its exception is logged.
    """

    def __init__(
        self,
        service: str,
        on_event: Callable[[TelemetryEvent], None] | None,
        recorder: ServiceRecorder | None = None,
    ) -> None:
        self.service = service
        self.recorder = recorder
        """Counts the calls for the journal; None for a service with a clock or a transport of its
        own, as tests have."""
        self._on_event = on_event

    def is_enabled(self, name: str) -> bool:
        """Whether the event goes anywhere; if not, its fields need not be computed."""
        return self._on_event is not None or LOGGER.isEnabledFor(_LEVELS[name])

    def emit(self, name: str, operation: str, /, **data: object) -> None:
        if not self.is_enabled(name):
            return
        level = _LEVELS[name]
        if LOGGER.isEnabledFor(level):
            allowed = log_fields(data)
            line = " ".join(f"{key}={_formatted(value)}" for key, value in allowed.items())
            LOGGER.log(level, "%s.%s %s %s", self.service, operation, name, line)
        if self._on_event is None:
            return
        try:
            self._on_event(TelemetryEvent(name, self.service, operation, data))
        except Exception as error:
            LOGGER.warning("on_event raised %s", type(error).__name__)


class ViolationLog:
    """Reports each contract violation once, however often it occurs."""

    MAX_ENTRIES = 1000

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._reported: set[tuple[str, Violation]] = set()

    def add(self, operation: str, violation: Violation) -> None:
        if (operation, violation) in self._reported or len(self._reported) >= self.MAX_ENTRIES:
            return
        self._reported.add((operation, violation))
        self._telemetry.emit(
            "contract_violation",
            operation,
            pointer=violation.pointer,
            expected=violation.expected,
            found=violation.found,
        )


class DeprecationLog:
    """Reports each deprecation once per operation, for all services that share it."""

    MAX_ENTRIES = 1000

    def __init__(self) -> None:
        self._reported: set[tuple[str, str, str, DeprecationNotice]] = set()

    def add(
        self, telemetry: Telemetry, origin: str, operation: str, notice: DeprecationNotice
    ) -> bool:
        """Whether it was reported just now."""
        entry = telemetry.service, origin, operation, notice
        if entry in self._reported or len(self._reported) >= self.MAX_ENTRIES:
            return False
        self._reported.add(entry)
        if telemetry.recorder is not None:
            telemetry.recorder.deprecation(operation, notice)
        telemetry.emit(
            "deprecated",
            operation,
            header=notice.header,
            date=notice.date,
            sunset=notice.sunset,
            link=notice.link,
        )
        return True


def _formatted(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
