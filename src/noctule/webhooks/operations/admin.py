"""Show, replay and trigger events. `store.open.open_store` opens the store that they need."""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction import redact
from noctule.runtime.secrets import env
from noctule.webhooks.errors import Rejection, WebhookError
from noctule.webhooks.processing.maintenance import copy_of
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.signing.sign import compose, with_id_and_type
from noctule.webhooks.verification.keyring import read_settings
from noctule.webhooks.verification.verify import verify_blocking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from noctule.webhooks.store.base import InboxStore, StoredEvent

ReplayOutcome = Literal[
    "queued", "waiting", "quarantined", "dropped", "pruned",
    "no_secret", "no_scheme", "not_genuine",
]  # fmt: skip


@dataclass(frozen=True)
class DisplayedEvent:
    """An event for display: credentials and card numbers are masked, long bodies cut."""

    event: StoredEvent
    headers: tuple[tuple[str, str], ...]
    body: str


def show(event: StoredEvent) -> DisplayedEvent:
    """An event as it may be displayed. The body is empty if it was pruned."""
    if event.request is None:
        return DisplayedEvent(event, (), "")
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in event.request.headers]
    masked = tuple((name, redact(value)) for name, value in headers)
    return DisplayedEvent(event, masked, copy_of(event.request))


def replay(
    store: InboxStore,
    events: Iterable[StoredEvent],
    *,
    now: float,
    per_second: float = 0.0,
    dry_run: bool = False,
    scheme: Callable[[str], Scheme] = scheme_of,
) -> dict[int, ReplayOutcome]:
    """Process events again; returns an outcome for each, by number.

    The stored bytes are verified again, as of the time they were received, with the secret that
    matched then, which must still be set. `per_second` limits the rate; `dry_run` changes nothing.
    Handlers see the same event id.
    """
    outcomes: dict[int, ReplayOutcome] = {
        event.seq: replay_outcome(event, scheme) for event in events
    }
    queued = [seq for seq, outcome in sorted(outcomes.items()) if outcome == "queued"]
    if queued and not dry_run:
        interval = 1 / per_second if per_second else 0.0
        store.requeue({seq: now + index * interval for index, seq in enumerate(queued)})
    return outcomes


def replay_outcome(event: StoredEvent, scheme: Callable[[str], Scheme]) -> ReplayOutcome:
    """Whether an event can be processed again, and if not, why."""
    if event.state == "leased" or (event.state == "pending" and not event.reason):
        return "waiting"  # one that failed may be tried now: the next attempt may be hours away
    if event.request is None:
        return "pruned"
    if event.coverage in ("hint", "fetched"):
        return "queued"  # it has no signature: the provider's API vouched for it
    try:
        secret = env(event.key).read()
        event_scheme = read_settings(scheme(event.provider))
        verify_blocking(event_scheme, event.request, [secret], event.received_at)
    except ConfigurationError:
        return "no_secret"
    except Rejection:
        return "not_genuine"
    except (LookupError, WebhookError):
        return "no_scheme"
    return "queued"


def trigger(
    provider: str | Scheme,
    event_type: str,
    payload: dict[str, Any],
    *,
    secret: str,
    url: str,
    id: str = "",
    now: float | None = None,
) -> WebhookRequest:
    """A delivery of `payload` as the provider would send it to `url`, ready to be posted.

    Type and id are added to the body or the headers, wherever the scheme reads them. Raises
    Refused, InvalidSecret.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    event_id = id or f"test_{uuid4().hex}"
    payload = with_id_and_type(scheme, payload, id=event_id, type=event_type)
    headers, body = compose(scheme, payload, secret, now=now, id=event_id, type=event_type, url=url)
    return WebhookRequest("POST", url, headers, body)
