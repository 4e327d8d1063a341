"""Ask the provider what it sent, compare with the inbox, and take in what is missing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx2

from noctule.problem import Exit, Problem
from noctule.providers import find, packs
from noctule.runtime.secrets import env
from noctule.stages.webhooks.inbox import as_problem, format_time, open_inbox, parse_time
from noctule.webhooks.operations import backfill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noctule.providers import Pack
    from noctule.webhooks.operations.backfill import MissedEvent

DAY = 86400.0
TIMEOUT = 20.0
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class BackfillResult:
    """What the provider sent and the inbox lacks. Times are seconds since 1970."""

    provider: str
    """The provider's name."""
    seen: int
    """Events that the provider listed."""
    missed: tuple[MissedEvent, ...]
    complete: bool
    """False if it stopped at a bound before it had seen everything."""
    since: float
    days_kept: int
    """How long the provider keeps what it sent."""
    shortened: bool
    """Whether `since` is later than asked for, because the provider keeps nothing older."""
    applied: int
    """Missing events that were stored, or that the provider will send again."""
    redelivered: bool
    """Whether the provider sends missing events again, rather than noctule storing them."""

    @property
    def good(self) -> bool:
        """Whether nothing is missing any more."""
        return self.complete and len(self.missed) == self.applied

    def as_json(self) -> dict[str, Any]:
        return {
            "seen": self.seen,
            "missed": [
                {"id": event.id, "type": event.type, "at": format_time(event.at)}
                for event in self.missed
            ],
            "complete": self.complete,
            "since": format_time(self.since),
            "applied": self.applied,
        }


def backfill_events(
    inbox: str | None,
    provider: str,
    *,
    since: str,
    apply: bool = False,
    values: Mapping[str, str] | None = None,
    route: str = "",
    base_url: str = "",
) -> BackfillResult:
    """Find what `provider` sent since a time (`24h`, or ISO 8601) and the inbox lacks.

    With `apply`, missing events are stored if the API returns them whole; otherwise the provider
    is asked to send them again. `values` fill the placeholders of the pack's path.

    Raises `Problem`.
    """
    with as_problem():
        pack = _pack(provider)
        source = backfill.backfill_rules(pack)
        requested = parse_time(since, "--since") or 0.0
        start = max(requested, time.time() - source.days * DAY)
        base = (base_url or pack.environments["live"].base_url).rstrip("/")
        client = _client(pack, base)
        path_values = {name: quote(value, safe="") for name, value in (values or {}).items()}
        with open_inbox(inbox) as store, client:
            try:
                result = backfill.find_missed(
                    store, route or pack.id, source, client, base, since=start, values=path_values
                )
                applied = 0
                if apply and result.missed and source.redeliver:
                    applied = backfill.request_redelivery(
                        source, client, base, result.missed, path_values
                    )
                elif apply:
                    applied = backfill.store_missed(store, route or pack.id, pack.id, result.missed)
            except KeyError as error:
                raise Problem(
                    "webhooks.backfill_names",
                    exit=Exit.USAGE,
                    place=source.path,
                    name=error.args[0],
                ) from error
    return BackfillResult(
        provider=pack.name,
        seen=result.seen,
        missed=result.missed,
        complete=result.complete,
        since=start,
        days_kept=source.days,
        shortened=start > requested,
        applied=applied,
        redelivered=bool(source.redeliver),
    )


def parse_values(pairs: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` pairs by name. Raises `Problem` (exit 2)."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Problem("webhooks.backfill_pair", exit=Exit.USAGE, place=f"--set {pair}")
        values[name] = value
    return values


def _pack(provider: str) -> Pack:
    pack = find(provider)
    if pack is None:
        providers = ", ".join(id_ for id_, p in packs().items() if p.webhook and p.webhook.backfill)
        raise Problem("webhooks.unknown_provider", exit=Exit.USAGE, place=provider, known=providers)
    return pack


def _client(pack: Pack, base: str) -> Any:
    """A client with the pack's credential, which is only sent over TLS or to this machine."""
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in LOCAL_HOSTS:
        raise Problem("webhooks.backfill_clear", exit=Exit.REFUSED, place=base)
    if pack.auth is None or pack.auth.kind != "bearer":
        kind = pack.auth.kind if pack.auth else "none"
        raise Problem("webhooks.backfill_auth", exit=Exit.USAGE, place=pack.id, kind=kind)
    token = env(pack.auth.env["token"]).read().reveal()
    headers = {"authorization": f"Bearer {token}", "user-agent": "noctule", **pack.headers}
    return httpx2.Client(headers=headers, timeout=TIMEOUT, follow_redirects=False)
