"""One event, as a handler sees it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from noctule.json_types import get_path
from noctule.webhooks.errors import PermanentFailure, Rejection
from noctule.webhooks.store.schema import completion
from noctule.webhooks.verification.delivery_view import DeliveryView

if TYPE_CHECKING:
    import builtins

    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import StoredEvent

T = TypeVar("T")

log = logging.getLogger("noctule.webhooks")


@dataclass(eq=False)
class Event:
    """A verified event from the inbox.

    `id` is the provider's, or one made by noctule if there is none; `raw` the exact body of its
    delivery; `received_at` seconds since the epoch; `delivery` and `seq` the numbers of the
    delivery and of the event in the inbox; `attempt` counts from 1; `coverage` is what the
    signature covered. `subject` is the object that the event is about, if the scheme says which;
    `superseded` is set if a newer version of it was processed already. `object` is what the
    provider's API returned for a hint; None for other events.
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
    _claim: int = field(repr=False)
    _view: DeliveryView = field(repr=False)
    _path: str = field(repr=False)
    object: Any = field(default=None, init=False, repr=False)
    completed: bool = field(default=False, init=False, repr=False)
    """Whether `complete` was called."""

    @classmethod
    def of(cls, stored: StoredEvent, scheme: Scheme) -> Event:
        """Raises PermanentFailure if the body was pruned."""
        if stored.request is None:
            raise PermanentFailure("its body was pruned")
        path = ""
        if scheme.batch is not None and stored.position is not None:
            path = f"{scheme.batch.name}.{stored.position}".removeprefix(".")
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
            _claim=stored.claim,
            _view=DeliveryView(scheme, stored.request),
            _path=path,
        )

    @cached_property
    def data(self) -> dict[str, Any]:
        """The parsed body of the delivery, or this event's item of the batch.

        Raises PermanentFailure for a body that no attempt can parse: only the parts that a scheme
        reads are looked at before a delivery is accepted.
        """
        try:
            body = self._view.data
        except Rejection as rejection:
            raise PermanentFailure(f"its body cannot be parsed: {rejection}") from None
        return cast("dict[str, Any]", get_path(body, self._path))

    @property
    def idempotency_key(self) -> str:
        """The same text in every attempt of this event, for the calls that its handler makes."""
        named = self.coverage != "hint" and self._view.scheme.identity.id_names_event
        return f"{self.provider}-{self.id if named else f'noctule_{self.seq}'}"

    def decode(self, model: builtins.type[T], *, at: str = "") -> T:
        """The value in `data` at a dotted path, as a model.

        A member that does not fit the model raises `InvalidMember` when it is read, as in the
        response to a wrapper's call; its position is logged.
        """
        from noctule.runtime.decoding.models import decode

        value, violations = decode(model, msgspec.json.encode(get_path(self.data, at)))
        if violations:
            pointers = ", ".join(violation.pointer for violation in violations)
            log.warning("webhooks event %s differs from the model at %s", self.seq, pointers)
        return value

    def complete(self, connection: Any) -> Any:
        """Mark the event done in your transaction, so that your effect and this commit together.

        `connection` is a connection to the inbox's database: apsw for SQLite; psycopg, asyncpg,
        SQLAlchemy or a Django cursor for PostgreSQL. With an asynchronous one, await the result. If
        the transaction is rolled back, the event is processed again.

        Raises TypeError for the standard library's `sqlite3`: two copies of SQLite in one process
        release each other's file locks and corrupt the file (sqlite.org/howtocorrupt.html, 2.2.1).
        """
        driver = getattr(getattr(connection, "dialect", None), "driver", "")
        if type(connection).__module__ == "sqlite3" or driver in ("pysqlite", "aiosqlite"):
            raise TypeError("complete() in a SQLite inbox needs an apsw connection")
        self.completed = True
        run = getattr(connection, "exec_driver_sql", None) or connection.execute
        return run(completion(self.seq, self._claim))
