"""Open the store at a file path or a PostgreSQL address, without an event loop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.webhooks.store.base import InboxStore

DEFAULT = ".noctule/inbox.sqlite3"


def default_place() -> str:
    """The inbox of a receiver that names none: `NOCTULE_INBOX`, or a file in this folder."""
    return os.environ.get("NOCTULE_INBOX") or DEFAULT


def open_store(place: str) -> InboxStore:
    """The store there, for use by the calling thread; raises InboxError."""
    if place.startswith(("postgresql://", "postgres://")):
        from noctule.webhooks.store.postgres import PostgresStore

        return PostgresStore(place)
    from noctule.webhooks.store.sqlite import SqliteStore

    return SqliteStore(place)
