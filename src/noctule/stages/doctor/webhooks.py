"""Are webhooks received and worked on? Read from the inbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from noctule.stages.doctor.finding import DoctorFinding
from noctule.stages.webhooks.inbox import open_inbox
from noctule.webhooks.operations.doctor import check_routes
from noctule.webhooks.store.open import default_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.stages.doctor.finding import DoctorContext


def check_inbox(context: DoctorContext) -> Iterator[DoctorFinding]:
    """Nothing for a project without webhooks."""
    names = [route.provider for route in context.routes]
    place = context.inbox or default_place()
    if context.inbox is None and "://" not in place and not Path(place).exists():
        for name in names:
            yield DoctorFinding("bad", "webhooks", "no_inbox", name, {"place": place})
        return
    with open_inbox(context.inbox) as store:
        for check in check_routes(store, names, context.now):
            values = {"route": check.route, **check.values}
            yield DoctorFinding(check.severity, "webhooks", check.key, check.route, values)
