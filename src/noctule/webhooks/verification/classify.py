"""The events in a verified delivery, and what identifies each of them."""

import contextlib
import math
from datetime import datetime
from typing import Any, NamedTuple

from noctule.json_types import get_path, is_list
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.verification.verify import VerifiedDelivery

MAX_BATCH = 10_000


class EventItem(NamedTuple):
    """One event of a delivery.

    `id` is the provider's, None if it sends none. Two deliveries with the same `identity` hold the
    same event: it is the id if the signature protects it, else a digest of the content. `position`
    is the index in the batch, None without a batch. `subject` is the object that the event is
    about, `version` a number that grows with each change of that object; None if unknown.
    """

    id: str | None
    type: str
    identity: str
    position: int | None = None
    subject: str | None = None
    version: float | None = None

    @property
    def has_signed_id(self) -> bool:
        """Whether the id alone identifies the event."""
        return self.identity.startswith("id:")


def items(verified: VerifiedDelivery) -> list[EventItem]:
    """The events in a verified delivery; raises Rejection if the body does not parse."""
    batch = verified.view.scheme.batch
    if batch is None:
        return [_item(verified, verified.view.partial_body, None)]
    members = get_path(verified.view.data, batch.name)
    if not is_list(members) or len(members) > MAX_BATCH:
        raise Rejection(Reason.UNPARSEABLE, str(batch))
    return [_item(verified, member, index) for index, member in enumerate(members)]


def _item(verified: VerifiedDelivery, data: Any, position: int | None) -> EventItem:
    view = verified.view
    fields = view.scheme.event_fields
    event_id = view.first(fields.id, data)
    event_type = view.first(fields.type, data)
    if event_id and event_id.signed:
        identity = f"id:{event_id.text}"
    else:
        identity = f"content:{verified.fingerprint}"
        identity += "" if position is None else f"/{position}"
    subject = view.first(fields.subject, data)
    version = view.first(fields.version, data) if subject else None
    return EventItem(
        event_id.text if event_id else None,
        event_type.text if event_type else "",
        identity,
        position,
        subject.text if subject else None,
        version_number(version.text) if version else None,
    )


def version_number(text: str) -> float | None:
    """A number or an ISO 8601 time as a number that grows; None for anything else."""
    with contextlib.suppress(ValueError):
        number = float(text)
        return number if math.isfinite(number) else None
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).timestamp()
    return None
