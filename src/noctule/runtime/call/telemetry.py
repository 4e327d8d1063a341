"""What a service tells about its calls: structured events to one hook, and lines to the log.

Both carry names, numbers and statuses only: never a header, a query, a body or a message of the
provider. Events:

    attempt             one request: number, status, seconds, error
    retry               another one follows: failed, wait, error
    call                the whole call: attempts, seconds, status, request_id
    failed_call         the same, with error
    breaker             it opened, or closed again: state, origin
    probe               the open breaker tries a call, or tried one in vain: state, origin
    degraded            a fallback answered: source, age, error
    contract_violation  pointer, expected, found; told once per place
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime.redaction import log_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.decoding.models import Violation

LOGGER = logging.getLogger("noctule.runtime")

_LEVELS = {
    "attempt": logging.DEBUG,
    "call": logging.DEBUG,
    "failed_call": logging.WARNING,
    "retry": logging.INFO,
    "breaker": logging.WARNING,
    "probe": logging.DEBUG,
    "degraded": logging.WARNING,
    "contract_violation": logging.WARNING,
}


@dataclass(frozen=True, slots=True)
class TelemetryEvent:
    """Something that happened in a call."""

    name: str
    service: str
    operation: str
    data: Mapping[str, object] = field(default_factory=dict[str, object])


class Telemetry:
    """Tells events to `on_event` and to the logger `noctule.runtime`.

    A hook that raises does not fail the call: what it raised goes to the log.
    """

    def __init__(self, service: str, on_event: Callable[[TelemetryEvent], None] | None) -> None:
        self._service = service
        self._on_event = on_event

    def wants(self, name: str) -> bool:
        """Whether anybody listens, so that nothing is made for nobody."""
        return self._on_event is not None or LOGGER.isEnabledFor(_LEVELS[name])

    def tell(self, name: str, operation: str, /, **data: object) -> None:
        if not self.wants(name):
            return
        level = _LEVELS[name]
        if LOGGER.isEnabledFor(level):
            facts = log_fields(data)
            line = " ".join(f"{key}={_shown(value)}" for key, value in facts.items())
            LOGGER.log(level, "%s.%s %s %s", self._service, operation, name, line)
        if self._on_event is None:
            return
        try:
            self._on_event(TelemetryEvent(name, self._service, operation, data))
        except Exception as error:
            LOGGER.warning("on_event raised %s", type(error).__name__)


class ContractWatch:
    """Tells each place where the provider's document lies once, however often it is met."""

    MOST = 1000

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._known: set[tuple[str, Violation]] = set()

    def note(self, operation: str, violation: Violation) -> None:
        if (operation, violation) in self._known or len(self._known) >= self.MOST:
            return
        self._known.add((operation, violation))
        self._telemetry.tell(
            "contract_violation",
            operation,
            pointer=violation.pointer,
            expected=violation.expected,
            found=violation.found,
        )


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
