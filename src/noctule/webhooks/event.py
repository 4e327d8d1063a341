"""One event, as a handler sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from noctule.webhooks.reading import Reading
from noctule.webhooks.source import walk

if TYPE_CHECKING:
    import builtins

    from noctule.webhooks.scheme import Scheme
    from noctule.webhooks.store.base import Stored

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """A verified event out of the inbox.

    `id` is the provider's, or one of ours if it gives none; `raw` the exact bytes of the delivery
    it came in; `received_at` seconds since the epoch; `delivery` the number of that delivery and
    `seq` of this event in the inbox; `attempt` counts from 1; `grade` says what the signature
    covered.
    """

    id: str
    type: str
    provider: str
    received_at: float
    delivery: int
    seq: int
    attempt: int
    grade: str
    raw: bytes = field(repr=False)
    _reading: Reading = field(repr=False)
    _place: str = field(repr=False)

    @classmethod
    def of(cls, stored: Stored, scheme: Scheme) -> Event:
        """The event of a stored row whose body was not pruned."""
        if stored.request is None:
            raise LookupError(f"event {stored.seq}: its body was pruned")
        place = ""
        if scheme.batch is not None and stored.position is not None:
            place = f"{scheme.batch.name}.{stored.position}".removeprefix(".")
        return cls(
            id=stored.id or f"noctule_{stored.seq}",
            type=stored.type,
            provider=stored.provider,
            received_at=stored.received_at,
            delivery=stored.delivery,
            seq=stored.seq,
            attempt=stored.attempts,
            grade=stored.grade,
            raw=stored.request.body,
            _reading=Reading(scheme, stored.request),
            _place=place,
        )

    @cached_property
    def data(self) -> dict[str, Any]:
        """The parsed event: the delivery's body, or this event's part of a batch."""
        return cast("dict[str, Any]", walk(self._reading.data, self._place))

    @property
    def idempotency_key(self) -> str:
        """The same text at every attempt of this event, for calls that its handler makes."""
        return f"{self.provider}-{self.id}"

    def decode(self, model: builtins.type[T], *, at: str = "") -> T:
        """The part of `data` at a path with dots, as a model; raises msgspec.ValidationError."""
        return msgspec.convert(walk(self.data, at), model)
