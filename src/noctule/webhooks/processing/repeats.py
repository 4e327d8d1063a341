"""Repeats: deliveries that equal an earlier one, and may be another event or a replay of it.

A receiver's `repeats` says what becomes of them. Whatever it is, it is logged and counted.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from noctule.webhooks.processing.metrics import METRICS
from noctule.webhooks.verification.identity import RepeatAction

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.webhooks.store.base import EventOutcome, Receipt

LOG_INTERVAL = 60.0
"""Seconds between two log lines about one kind of repeat, with the number of those between."""
ACTION_OF: Mapping[EventOutcome, RepeatAction] = {
    "quarantined": "quarantine",
    "repeated": "handle",
    "dropped": "drop",
}
TEXTS: Mapping[RepeatAction, str] = {
    "quarantine": "quarantined; see `noctule webhooks list --state quarantined`, and replay those"
    " that are events",
    "handle": "handled, as `repeats` says",
    "drop": "dropped, as `repeats` says; see `noctule webhooks list --state dropped`",
}

log = logging.getLogger("noctule.webhooks")


class RepeatPolicy:
    """What becomes of repeats, by event type.

    `setting` is one action, or actions by type: `{"orders.*": "handle", "*": "drop"}`, where the
    most specific pattern counts. Raises ValueError.
    """

    def __init__(self, setting: RepeatAction | Mapping[str, RepeatAction]) -> None:
        by_pattern: dict[str, RepeatAction] = (
            dict(setting) if isinstance(setting, Mapping) else {"*": setting}
        )
        for action in by_pattern.values():
            if action not in get_args(RepeatAction):
                actions = ", ".join(get_args(RepeatAction))
                raise ValueError(f"repeats: {action!r} is not one of {actions}")
        self._actions: Mapping[str, RepeatAction] = {
            pattern.removesuffix(".*"): action for pattern, action in by_pattern.items()
        }

    def action(self, event_type: str) -> RepeatAction:
        """The action for an event type; `quarantine` if the setting says nothing."""
        name = event_type
        while name and name not in self._actions:
            name = name.rpartition(".")[0]
        return self._actions.get(name or "*", "quarantine")


class RepeatLog:
    """Logs and counts the repeats of one receiver."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unlogged: Counter[RepeatAction] = Counter()
        self._logged_at: dict[RepeatAction, float] = {}

    def add(self, route: str, receipt: Receipt) -> None:
        """Tell of the repeats in a delivery, if there are any."""
        if not ACTION_OF.keys() & receipt.outcomes:
            return
        counts = Counter(receipt.outcomes)
        for outcome, action in ACTION_OF.items():
            if not (count := counts[outcome]):
                continue
            METRICS.repeated(route, action, count)
            self._unlogged[action] += count
            now = self._clock.monotonic()
            if now - self._logged_at.get(action, float("-inf")) >= LOG_INTERVAL:
                self._logged_at[action] = now
                log.warning(
                    "webhooks %s: events that equal earlier ones and may be replays: %d, %s",
                    route,
                    self._unlogged.pop(action),
                    TEXTS[action],
                )
