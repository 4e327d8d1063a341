"""Explain why a delivery was rejected, or what became of a stored event."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.problem import Exit, Problem
from noctule.runtime.secrets import require_env
from noctule.stages.webhooks.events import EventSummary
from noctule.stages.webhooks.inbox import as_problem, find_event, open_inbox, parse_time
from noctule.stages.webhooks.routes import provider_route
from noctule.webhooks.explain import explain
from noctule.webhooks.explain.causes import Cause
from noctule.webhooks.formats.http_message import read_capture
from noctule.webhooks.processing.failure import STOPPED
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.store.base import KEPT_REJECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from noctule.messages import Language

SETTLED = ("done", "pending", "leased")
"""States of an event that need nobody's attention."""


@dataclass(frozen=True)
class Explanation:
    """`causes`, the most likely first, of a rejected delivery; or the accepted `event`."""

    target: str
    causes: tuple[Cause, ...] = ()
    event: EventSummary | None = None

    @property
    def state(self) -> str:
        """Of the event; `failing` if it waits for another attempt because one failed."""
        if self.event is None:
            return ""
        failed = self.event.state == "pending" and self.event.reason not in ("", STOPPED)
        return "failing" if failed else self.event.state

    @property
    def good(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.causes and (self.event is None or self.state in SETTLED)

    def as_json(self, language: Language) -> dict[str, Any]:
        causes = [
            {
                "cause": cause.key,
                "place": cause.place,
                "detail": cause.detail,
                "certain": cause.certain,
                "why": cause.why(language),
                "fix": cause.fix(language),
            }
            for cause in self.causes
        ]
        if self.event is None:
            return {"causes": causes}
        event = self.event
        return {"event": event.seq, "state": event.state, "reason": event.reason, "causes": causes}


def explain_stored(inbox: str | None, target: str) -> Explanation:
    """A rejection (`r7`) or a stored event (`7`, `#7`, a provider's id). Raises `Problem`."""
    with open_inbox(inbox) as store:
        if target[:1] != "r" or not target[1:].isdecimal():
            return Explanation(target, event=EventSummary.of(find_event(store, target)))
        rejections = store.rejections(KEPT_REJECTIONS)
    number = int(target[1:])
    rejection = next((item for item in rejections if item.seq == number), None)
    if rejection is None:
        raise Problem("webhooks.no_rejection", exit=Exit.USAGE, place=target)
    causes = tuple(Cause(key, place, detail) for key, place, detail in rejection.causes)
    unexplained = Cause(rejection.reason, rejection.place, certain=True)
    return Explanation(target, causes or (unexplained,))


def explain_capture(
    path: Path,
    *,
    provider: str,
    secrets: Sequence[str] = (),
    retired: Sequence[str] = (),
    url: str = "",
    at: str = "",
) -> Explanation:
    """A delivery captured in a file as a whole HTTP request.

    `secrets` and `retired` name environment variables; `url` is the address registered at the
    provider, `at` when it arrived (ISO 8601, or `2h` ago; now by default). Raises `Problem`.
    """
    if not provider:
        raise Problem("webhooks.whose", exit=Exit.USAGE, place=str(path))
    try:
        request = read_capture(path.read_bytes(), url=url)
    except (ValueError, OSError) as error:
        raise Problem(
            "webhooks.no_capture", exit=Exit.USAGE, place=str(path), cause=str(error)
        ) from error
    with as_problem():
        route = provider_route(provider)
        current = list(require_env(*(secrets or route.secrets)).values())
        earlier = list(require_env(*retired).values())
        moment = parse_time(at, "--at") or time.time()
        scheme = scheme_of(route.provider)
        causes = explain(scheme, request, current, moment, retired=earlier)
    return Explanation(str(path), tuple(causes))
