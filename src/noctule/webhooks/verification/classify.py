"""The events in a verified delivery, and what identifies each of them."""

import contextlib
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from noctule.json_types import get_path, is_list
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.verification.identity import EventIdentity, IdentityReader, RepeatAction
from noctule.webhooks.verification.verify import VerifiedDelivery

MAX_BATCH = 10_000


class EventItem(NamedTuple):
    """One event of a delivery.

    `id` is the provider's, None if it sends none. `position` is the index in the batch, None
    without a batch. `subject` is the object that the event is about, `version` a number that grows
    with each change of that object; None if unknown. `on_repeat` is what becomes of the event if it
    equals an earlier one, and nothing shows whether it is another one or a replay.
    """

    id: str | None
    type: str
    identity: EventIdentity
    position: int | None = None
    subject: str | None = None
    version: float | None = None
    on_repeat: RepeatAction = "quarantine"


def items(
    verified: VerifiedDelivery, on_repeat: Callable[[str], RepeatAction] = lambda _: "quarantine"
) -> list[EventItem]:
    """The events in a verified delivery; `on_repeat` says what becomes of repeats of a type.

    Raises Rejection if the body does not parse.
    """
    scheme = verified.view.scheme
    if not verified.view.request.body and any(at.kind == "body" for at in scheme.locators):
        raise Rejection(Reason.UNPARSEABLE, "body")  # an event that says nothing
    reader = IdentityReader(verified)
    batch = scheme.batch
    if batch is None:
        return [_item(verified, reader, verified.view.partial_body, None, on_repeat)]
    members = get_path(verified.view.data, batch.name)
    if not is_list(members) or len(members) > MAX_BATCH:
        raise Rejection(Reason.UNPARSEABLE, str(batch))
    return [
        _item(verified, reader, member, index, on_repeat) for index, member in enumerate(members)
    ]


def _item(
    verified: VerifiedDelivery,
    reader: IdentityReader,
    data: Any,
    position: int | None,
    on_repeat: Callable[[str], RepeatAction],
) -> EventItem:
    view = verified.view
    fields = view.scheme.event_fields
    event_id = view.first(fields.id, data)
    event_type = view.first(fields.type, data)
    subject = view.first(fields.subject, data)
    version = view.first(fields.version, data) if subject else None
    type_text = event_type.text if event_type else ""
    return EventItem(
        event_id.text if event_id else None,
        type_text,
        reader.read(event_id, event_type, data, position),
        position,
        subject.text if subject else None,
        version_number(version.text) if version else None,
        on_repeat(type_text),
    )


def version_number(text: str) -> float | None:
    """A number or an ISO 8601 time as a number that grows; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return number if math.isfinite(number) else None
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).timestamp()
    return None
