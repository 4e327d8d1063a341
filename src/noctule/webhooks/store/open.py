"""Which store lies at a place. Apart from the inbox, so that a command that only looks needs no
event loop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.webhooks.store.base import Store

DEFAULT = ".noctule/inbox.sqlite3"


def default_place() -> str:
    """Where the inbox lies unless the receiver says: `NOCTULE_INBOX`, or a file right here."""
    return os.environ.get("NOCTULE_INBOX") or DEFAULT


def open_store(place: str) -> Store:
    """The store at a place, for use by the calling thread; raises InboxError."""
    if place.startswith(("postgresql://", "postgres://")):
        from noctule.webhooks.store.postgres import PostgresStore

        return PostgresStore(place)
    from noctule.webhooks.store.sqlite import SqliteStore

    return SqliteStore(place)
