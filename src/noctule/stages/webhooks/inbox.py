"""The inbox that a use case works on: opening it, choosing events, errors as `Problem`."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from noctule.problem import Exit, Problem
from noctule.runtime.errors import ConfigurationError, MissingSecrets
from noctule.webhooks.errors import InboxError, InvalidSecret, Refused, WebhookError
from noctule.webhooks.store.base import STATES, EventQuery
from noctule.webhooks.store.open import default_place, open_store

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.webhooks.store.base import EventState, InboxStore, StoredEvent

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which events, as a person typed it; all of them by default."""

    route: str = ""
    state: str = ""
    type: str = ""
    """A type, or a family such as `invoice.*`."""
    id: str = ""
    """The provider's id of the event."""
    text: str = ""
    """Words of the redacted copy, all of which have to be there."""
    since: str = ""
    """`2h`, `3d`, or ISO 8601."""
    until: str = ""

    def query(self, limit: int) -> EventQuery:
        """The store's query for at most `limit` events. Raises `Problem` (exit 2) for an unknown
        state or a time that cannot be read."""
        if self.state and self.state not in STATES:
            raise Problem(
                "webhooks.no_state",
                exit=Exit.USAGE,
                place=f"--state {self.state}",
                known=", ".join(STATES),
            )
        return EventQuery(
            route=self.route,
            state=cast("EventState", self.state),
            type=self.type,
            id=self.id,
            text=self.text,
            since=parse_time(self.since, "--since") or 0.0,
            until=parse_time(self.until, "--until") or float("inf"),
            limit=limit,
        )


def parse_time(text: str, option: str) -> float | None:
    """Seconds since 1970 of `2h` (ago) or an ISO 8601 time; None for "".

    Raises `Problem` (exit 2), naming `option`.
    """
    if not text:
        return None
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)", text):
        return time.time() - float(match[1]) * SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise Problem("webhooks.no_time", exit=Exit.USAGE, place=f"{option} {text}") from None


def format_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def as_problem() -> Generator[None]:
    """Turn what `noctule.webhooks` raises into a `Problem`."""
    try:
        yield
    except MissingSecrets as error:
        names = ", ".join(error.names)
        raise Problem("webhooks.secrets_missing", exit=Exit.USAGE, names=names) from error
    except Refused as error:
        raise Problem("webhooks.refused", exit=Exit.REFUSED, cause=str(error)) from error
    except InvalidSecret as error:
        raise Problem("webhooks.configuration", exit=Exit.USAGE, cause=str(error)) from error
    except InboxError as error:
        raise Problem("webhooks.inbox", exit=Exit.OUTSIDE, cause=str(error)) from error
    except (ConfigurationError, WebhookError) as error:
        raise Problem("webhooks.configuration", exit=Exit.USAGE, cause=str(error)) from error
    except ImportError as error:
        raise Problem("webhooks.extra", exit=Exit.USAGE, cause=str(error)) from error


@contextmanager
def open_inbox(place: str | None) -> Generator[InboxStore]:
    """The store of an existing inbox at `place`: a file or a postgresql:// address, by default
    what NOCTULE_INBOX says, else `.noctule/inbox.sqlite3`. Raises `Problem`."""
    address = place or default_place()
    if "://" not in address and not Path(address).exists():
        raise Problem("webhooks.no_inbox", exit=Exit.USAGE, place=address)
    with as_problem():
        store = open_store(address)
        try:
            yield store
        finally:
            store.close()


def find_event(store: InboxStore, reference: str) -> StoredEvent:
    """The event with a number (`7` or `#7`) or a provider's id; the last one for "".

    Raises `Problem` (exit 2) if there is none.
    """
    number = reference.removeprefix("#")
    if number.isdecimal() and len(number) < 19 and (event := store.get(int(number))):
        return event
    matches = store.find(EventQuery(id=reference, limit=1))
    if not matches:
        key = "webhooks.no_event" if reference else "webhooks.empty"
        raise Problem(key, exit=Exit.USAGE, place=reference)
    return matches[0]
