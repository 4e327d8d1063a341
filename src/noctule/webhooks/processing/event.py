"""One event, as a handler sees it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from noctule.json_types import get_path
from noctule.webhooks.errors import PermanentFailure
from noctule.webhooks.store.schema import completion
from noctule.webhooks.verification.delivery_view import Reading

if TYPE_CHECKING:
    import builtins

    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import Stored

T = TypeVar("T")

log = logging.getLogger("noctule.webhooks")


@dataclass(eq=False)
class Event:
    """A verified event out of the inbox.

    `id` is the provider's, or one of ours if it gives none; `raw` the exact bytes of the delivery
    it came in; `received_at` seconds since the epoch; `delivery` the number of that delivery and
    `seq` of this event in the inbox; `attempt` counts from 1; `coverage` says what the signature
    covered. `subject` is the object it is about, where the provider's scheme says which, and
    `superseded` tells that a newer version of that object was processed already. `object` is what
    a hint's object was read as, from the provider's API; None for other events.
    """

    id: str
    type: str
    provider: str
    received_at: float
    delivery: int
    seq: int
    attempt: int
    coverage: str
    subject: str | None
    superseded: bool
    raw: bytes = field(repr=False)
    _reading: Reading = field(repr=False)
    _place: str = field(repr=False)
    object: Any = field(default=None, init=False, repr=False)
    completed: bool = field(default=False, init=False, repr=False)
    """Whether `complete` was called."""

    @classmethod
    def of(cls, stored: Stored, scheme: Scheme) -> Event:
        """The event of a stored row; raises PermanentFailure if its body was pruned."""
        if stored.request is None:
            raise PermanentFailure("its body was pruned")
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
            coverage=stored.coverage,
            subject=stored.subject,
            superseded=stored.superseded,
            raw=stored.request.body,
            _reading=Reading(scheme, stored.request),
            _place=place,
        )

    @cached_property
    def data(self) -> dict[str, Any]:
        """The parsed event: the delivery's body, or this event's part of a batch."""
        return cast("dict[str, Any]", get_path(self._reading.data, self._place))

    @property
    def idempotency_key(self) -> str:
        """The same text at every attempt of this event, for calls that its handler makes."""
        return f"{self.provider}-{self.id}"

    def decode(self, model: builtins.type[T], *, at: str = "") -> T:
        """The part of `data` at a path with dots, as a model.

        What breaks the model's promises stays as it came, as in an answer to a wrapper's call; the
        places are logged.
        """
        from noctule.runtime.decoding.models import decode

        value, violations = decode(model, msgspec.json.encode(get_path(self.data, at)))
        if violations:
            places = ", ".join(violation.pointer for violation in violations)
            log.warning("webhooks event %s is not as documented at %s", self.seq, places)
        return value

    def complete(self, connection: Any) -> Any:
        """Mark the event done in a transaction of yours: your effect and this happen together.

        `connection` is one to the database that the inbox lies in: apsw for SQLite; psycopg,
        asyncpg, SQLAlchemy or a Django cursor for PostgreSQL. With an asynchronous one, await the
        result. If the transaction is rolled back, the event comes again.

        Raises TypeError for the standard library's `sqlite3`: two copies of SQLite in one process
        lose each other's locks on the file and corrupt it (sqlite.org/howtocorrupt.html, 2.2.1).
        """
        driver = getattr(getattr(connection, "dialect", None), "driver", "")
        if type(connection).__module__ == "sqlite3" or driver in ("pysqlite", "aiosqlite"):
            raise TypeError("complete() in an SQLite inbox needs a connection of apsw")
        self.completed = True
        run = getattr(connection, "exec_driver_sql", None) or connection.execute
        return run(completion(self.seq, self.attempt))
