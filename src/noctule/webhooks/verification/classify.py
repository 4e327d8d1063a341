"""What a verified delivery holds: its events."""

import contextlib
import math
from datetime import datetime
from typing import Any, NamedTuple

from noctule.json_types import get_path, is_list
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.verification.verify import Verified

MAX_BATCH = 10_000


class Item(NamedTuple):
    """One event of a delivery.

    `id` is the provider's, None if it gives none. `identity` is what makes two deliveries the
    same event: the id if the signature vouches for it, else the content. `position` is the place
    in the batch, None if alone. `subject` is the object that the event is about, `version` what
    grows with each change of it; None where the scheme or the delivery does not say.
    """

    id: str | None
    type: str
    identity: str
    position: int | None = None
    subject: str | None = None
    version: float | None = None

    @property
    def is_named(self) -> bool:
        """Whether the id alone decides."""
        return self.identity.startswith("id:")


def items(verified: Verified) -> list[Item]:
    """The events in a verified delivery; raises Rejection if the body cannot be parsed."""
    batch = verified.reading.scheme.batch
    if batch is None:
        return [_item(verified, verified.reading.skimmed, None)]
    members = get_path(verified.reading.data, batch.name)
    if not is_list(members) or len(members) > MAX_BATCH:
        raise Rejection(Reason.UNPARSEABLE, str(batch))
    return [_item(verified, member, place) for place, member in enumerate(members)]


def _item(verified: Verified, data: Any, position: int | None) -> Item:
    reading = verified.reading
    reads = reading.scheme.reads
    name = reading.first(reads.id, data)
    kind = reading.first(reads.type, data)
    if name and name.signed:
        identity = f"id:{name.text}"
    else:
        identity = f"content:{verified.fingerprint}"
        identity += "" if position is None else f"/{position}"
    about = reading.first(reads.subject, data)
    version = reading.first(reads.version, data) if about else None
    return Item(
        name.text if name else None,
        kind.text if kind else "",
        identity,
        position,
        about.text if about else None,
        moment(version.text) if version else None,
    )


def moment(text: str) -> float | None:
    """A number or a moment as a number that grows; None for anything else."""
    with contextlib.suppress(ValueError):
        value = float(text)
        return value if math.isfinite(value) else None
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).timestamp()
    return None
