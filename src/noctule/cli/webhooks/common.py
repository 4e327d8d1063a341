"""What the commands of this group share: the inbox, filters, and how an event is told."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from noctule.cli.output import Output
    from noctule.webhooks.store.base import Query, RejectedDelivery, Store, Stored

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}

inbox = click.option(
    "--inbox", metavar="PLACE", help="A file or a postgresql:// address; else NOCTULE_INBOX."
)


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which events; all of them by default."""
    for option in (
        click.option("--until", metavar="TIME", help="Only older ones; as --since."),
        click.option("--since", metavar="TIME", help="Only younger ones: 2h, 3d, or ISO 8601."),
        click.option("--text", default="", help="Words in the redacted copy, all of them."),
        click.option("--id", "name", default="", help="The provider's id of the event."),
        click.option("--state", help="pending, leased, done, unhandled, dead or quarantined."),
        click.option("--type", "kind", default="", help="A type, or a family: 'invoice.*'."),
        click.option("--route", default="", help="Of one route."),
    ):
        command = option(command)
    return command


def query_of(limit: int, **given: Any) -> Query:
    """The query that the options of `filters` come to. Raises Problem."""
    from noctule.webhooks.store.base import STATES, Query

    state = given["state"] or ""
    if state and state not in STATES:
        raise Problem(
            "webhooks.no_state", exit=Exit.USAGE, place=f"--state {state}", known=", ".join(STATES)
        )
    return Query(
        route=given["route"],
        state=state,
        type=given["kind"],
        id=given["name"],
        text=given["text"],
        since=time_of(given["since"], "--since") or 0.0,
        until=time_of(given["until"], "--until") or float("inf"),
        limit=limit,
    )


def time_of(text: str | None, option: str) -> float | None:
    """Seconds since 1970 of `2h` (ago) or an ISO 8601 time. Raises Problem."""
    if not text:
        return None
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)", text):
        return time.time() - float(found[1]) * UNITS[found[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise Problem("webhooks.no_time", exit=Exit.USAGE, place=f"{option} {text}") from None


@contextmanager
def trouble() -> Generator[None]:
    """What the room raises, as a Problem."""
    from noctule.runtime.errors import ConfigurationError, MissingSecrets
    from noctule.webhooks.errors import InboxError, InvalidSecret, Refused, WebhookError

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
def opened(place: str | None) -> Generator[Store]:
    """The store of an inbox that exists. Raises Problem."""
    from pathlib import Path

    from noctule.webhooks.store.open import default_place, open_store

    where = place or default_place()
    if "://" not in where and not Path(where).exists():
        raise Problem("webhooks.no_inbox", exit=Exit.USAGE, place=where)
    with trouble():
        store = open_store(where)
        try:
            yield store
        finally:
            store.close()


def find_event(store: Store, name: str) -> Stored:
    """The event of a number (7 or #7) or a provider's id; without a name the last one.
    Raises Problem."""
    from noctule.webhooks.store.base import Query

    number = name.removeprefix("#")
    if number.isdecimal() and len(number) < 19 and (event := store.get(int(number))):
        return event
    found = store.find(Query(id=name, limit=1))
    if not found:
        key = "webhooks.no_event" if name else "webhooks.empty"
        raise Problem(key, exit=Exit.USAGE, place=name)
    return found[0]


def when(seconds: float) -> str:
    """A time in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def line_of(event: Stored) -> str:
    """One event in one line."""
    copies = f" ×{event.copies + 1}" if event.copies else ""
    reason = f"  {event.reason}" if event.reason else ""
    kind = event.type or "–"
    return (
        f"#{event.seq}  {when(event.received_at)}  {event.route}  {kind}  {event.id or '–'}"
        f"  {event.state}{copies}{reason}"
    )


STYLES = {"done": "green", "dead": "red", "quarantined": "yellow", "unhandled": "yellow"}


def tell(output: Output, event: Stored) -> None:
    output.line(line_of(event), style=STYLES.get(event.state))


def rejection_line(rejected: RejectedDelivery) -> str:
    """One rejection in one line; `r7` names it."""
    causes = ", ".join(key for key, _, _ in rejected.causes)
    return (
        f"r{rejected.seq}  {when(rejected.at)}  {rejected.route}  {rejected.reason}"
        f"  {rejected.place}" + (f"  ({causes})" if causes else "")
    )


def event_json(event: Stored) -> dict[str, Any]:
    """An event without its body."""
    return {
        "seq": event.seq,
        "route": event.route,
        "provider": event.provider,
        "id": event.id,
        "type": event.type,
        "state": event.state,
        "reason": event.reason,
        "attempts": event.attempts,
        "copies": event.copies,
        "subject": event.subject,
        "superseded": event.superseded,
        "received_at": when(event.received_at),
        "due": when(event.due) if event.due else None,
        "coverage": event.coverage,
        "signed_with": event.key,
        "size": len(event.request.body) if event.request else None,
    }


def rejection_json(rejected: RejectedDelivery) -> dict[str, Any]:
    return {
        "rejection": f"r{rejected.seq}",
        "at": when(rejected.at),
        "route": rejected.route,
        "reason": rejected.reason,
        "place": rejected.place,
        "size": rejected.size,
        "sha256": rejected.digest,
        "headers": list(rejected.names),
        "causes": [{"cause": k, "place": p, "detail": d} for k, p, d in rejected.causes],
    }
