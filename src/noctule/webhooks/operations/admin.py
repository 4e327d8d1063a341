"""What an operator does with an inbox. Each takes an open store; see `inbox.open_store`."""

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
from noctule.webhooks.signing.sign import compose, stamped
from noctule.webhooks.verification.keyring import configured
from noctule.webhooks.verification.verify import verify_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from noctule.webhooks.store.base import Store, Stored

Replayed = Literal[
    "queued", "waiting", "quarantined", "pruned", "no_secret", "no_scheme", "not_genuine"
]


@dataclass(frozen=True)
class Shown:
    """An event for the eye: credentials and card numbers are masked, long bodies cut."""

    event: Stored
    headers: tuple[tuple[str, str], ...]
    body: str


def show(event: Stored) -> Shown:
    """An event as it may be displayed. A body that was pruned is empty."""
    if event.request is None:
        return Shown(event, (), "")
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in event.request.headers]
    masked = tuple((name, redact(value)) for name, value in headers)
    return Shown(event, masked, copy_of(event.request))


def replay(
    store: Store,
    events: Iterable[Stored],
    *,
    now: float,
    per_second: float = 0.0,
    dry_run: bool = False,
    scheme: Callable[[str], Scheme] = scheme_of,
) -> dict[int, Replayed]:
    """Process events again; what became of each, by number.

    The stored bytes are verified once more, as of the time they were received, with the secret
    that matched then (it has to be set still). `per_second` spreads them; `dry_run` only says
    what would be. The provider's id does not change, so handlers see the same event.
    """
    outcomes: dict[int, Replayed] = {event.seq: judged(event, scheme) for event in events}
    queued = [seq for seq, outcome in sorted(outcomes.items()) if outcome == "queued"]
    if queued and not dry_run:
        pace = 1 / per_second if per_second else 0.0
        store.requeue({seq: now + place * pace for place, seq in enumerate(queued)})
    return outcomes


def judged(event: Stored, scheme: Callable[[str], Scheme]) -> Replayed:
    """What becomes of an event that is to be processed again."""
    if event.state in ("pending", "leased"):
        return "waiting"
    if event.request is None:
        return "pruned"
    if event.coverage in ("hint", "fetched"):
        return "queued"  # no signature to look at again: the provider's API vouches
    try:
        secret = env(event.key).read().reveal()
        known = configured(scheme(event.provider))
        verify_waiting(known, event.request, [secret], event.received_at)
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

    Type and id are put where the scheme reads them, in the body or in headers. Raises Refused,
    InvalidSecret.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    name = id or f"test_{uuid4().hex}"
    filled = stamped(scheme, payload, id=name, type=event_type)
    headers, body = compose(scheme, filled, secret, now=now, id=name, type=event_type, url=url)
    return WebhookRequest("POST", url, headers, body)
