"""What a verified delivery holds: its events, or a question to answer."""

import contextlib
import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.reading import Reading
from noctule.webhooks.scheme import Handshake
from noctule.webhooks.source import is_list, walk
from noctule.webhooks.template import Template
from noctule.webhooks.verify import Verified

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
    members = walk(verified.reading.data, batch.name)
    if not is_list(members) or len(members) > MAX_BATCH:
        raise Rejection(Reason.UNPARSEABLE, str(batch))
    return [_item(verified, member, place) for place, member in enumerate(members)]


def _item(verified: Verified, data: Any, position: int | None) -> Item:
    reading = verified.reading
    name = reading.first(reading.scheme.id, ":", data)
    kind = reading.first(reading.scheme.type, ".", data)
    if name and name.signed:
        identity = f"id:{name.text}"
    else:
        identity = f"content:{verified.fingerprint}"
        identity += "" if position is None else f"/{position}"
    about = reading.first(reading.scheme.subject, ":", data)
    version = reading.first(reading.scheme.version, ".", data) if about else None
    return Item(
        name.text if name else None,
        kind.text if kind else "",
        identity,
        position,
        about.text if about else None,
        _order(version.text) if version else None,
    )


def _order(text: str) -> float | None:
    """A number or a moment as a number that grows; None for anything else."""
    with contextlib.suppress(ValueError):
        value = float(text)
        return value if math.isfinite(value) else None
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).timestamp()
    return None


def question(reading: Reading, *, signed: bool) -> Handshake | None:
    """The handshake that this delivery is, if any."""
    for handshake in reading.scheme.handshakes:
        if handshake.signed is signed and handshake.method == reading.request.method:
            found = [(reading.read(source), text) for source, text in handshake.match]
            if all(value is not None and text.encode() in (b"", value) for value, text in found):
                return handshake
    return None


def answer(handshake: Handshake, reading: Reading) -> tuple[str, bytes]:
    """Media type and body of the answer to a handshake; raises Rejection if it lacks a field."""
    if handshake.json is not None:
        values = {key: _text(template, reading) for key, template in handshake.json.items()}
        return "application/json", json.dumps(values).encode()
    if handshake.text is not None:
        return "text/plain; charset=utf-8", _text(handshake.text, reading).encode()
    return "text/plain; charset=utf-8", b""


def _text(template: Template, reading: Reading) -> str:
    return b"".join(_parts(template, reading)).decode("utf-8", "replace")


def _parts(template: Template, reading: Reading) -> Iterator[bytes]:
    for part in template.parts:
        if isinstance(part, bytes):
            yield part
            continue
        value = None if isinstance(part, str) else reading.read(part)
        if value is None:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        yield value
