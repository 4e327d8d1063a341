"""Check secrets, clocks, lag and silence of an inbox's routes; nothing is sent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.messages import say
from noctule.problem import Problem
from noctule.stages.webhooks.inbox import open_inbox
from noctule.stages.webhooks.routes import find_routes
from noctule.webhooks.operations.doctor import check_routes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from noctule.messages import Language
    from noctule.webhooks.operations.doctor import RouteCheck


@dataclass(frozen=True)
class Diagnosis:
    """Every check that was made, route by route."""

    checks: tuple[RouteCheck, ...]

    @property
    def good(self) -> bool:
        return all(check.severity == "good" for check in self.checks)

    def as_json(self, language: Language) -> dict[str, Any]:
        checks = [
            {
                "severity": check.severity,
                "check": check.key,
                "route": check.route,
                **check.values,
                "text": check_text(check, language),
            }
            for check in self.checks
        ]
        return {"checks": checks}


def check_text(check: RouteCheck, language: Language) -> str:
    """One check as a sentence."""
    return say(language, f"webhooks.check_{check.key}", **check.values)


def diagnose(inbox: str | None, folder: Path, providers: Sequence[str] = ()) -> Diagnosis:
    """Check an inbox and the routes of `providers`, by default those of the project in `folder`.

    Raises `Problem`.
    """
    try:
        routes = find_routes(folder, providers)
    except Problem:
        if providers:
            raise
        routes = []
    secrets = {route.provider: route.secrets for route in routes}
    with open_inbox(inbox) as store:
        return Diagnosis(tuple(check_routes(store, secrets, time.time())))
