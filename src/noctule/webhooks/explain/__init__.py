"""Explain a rejection: undo what commonly goes wrong, one thing at a time.

A cause is `certain` if the signature is right once that thing is undone. Only if nothing helps are
causes guessed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from noctule.webhooks.errors import KeyUnavailable, Reason, Rejection
from noctule.webhooks.explain.alterations import (
    altered_bodies,
    altered_schemes,
    altered_secrets,
    altered_urls,
    looks_like_another_key,
)
from noctule.webhooks.explain.causes import Cause
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.signing_secret import HiddenSecret, hidden
from noctule.webhooks.verification.verify import signing_time, timestamp_text, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.scheme import Scheme

__all__ = ["Cause", "explain"]

AGELESS = float("inf")


def explain(
    scheme: Scheme,
    request: WebhookRequest,
    secrets: Sequence[str | HiddenSecret],
    now: float,
    *,
    retired: Sequence[str | HiddenSecret] = (),
) -> list[Cause]:
    """The causes of a rejection, the most likely first; none if the delivery is accepted.

    `now` is in seconds since the epoch; `retired` are earlier secrets to try. No cause contains a
    secret or a part of the body. Raises Refused, InvalidSecret.
    """
    secrets, retired = hidden(secrets), hidden(retired)
    try:
        items(verify(scheme, request, secrets, now))
    except Rejection as rejection:
        return list(_causes(scheme, request, secrets, now, retired, rejection))
    except KeyUnavailable:
        return [Cause("key_unknown", "key")]
    return []


def _causes(
    scheme: Scheme,
    request: WebhookRequest,
    secrets: Sequence[HiddenSecret],
    now: float,
    retired: Sequence[HiddenSecret],
    rejection: Rejection,
) -> Iterator[Cause]:
    match rejection.reason:
        case Reason.STALE | Reason.FROM_THE_FUTURE:
            yield _age(scheme, request, now)
        case Reason.MISMATCH | Reason.MALFORMED_SIGNATURE:
            yield from _mismatch(scheme, request, secrets, retired, rejection)
        case Reason.MISSING_SIGNATURE:
            others = [n.decode("latin-1") for n, _ in request.headers if b"sign" in n]
            yield Cause("signature_missing", rejection.detail, ", ".join(others), certain=True)
        case _:
            yield Cause(str(rejection.reason), rejection.detail, certain=True)


def _mismatch(
    scheme: Scheme,
    request: WebhookRequest,
    secrets: Sequence[HiddenSecret],
    retired: Sequence[HiddenSecret],
    rejection: Rejection,
) -> Iterator[Cause]:
    if _is_valid(scheme, request, retired):
        yield Cause("secret_retired", "secret", certain=True)
        return
    alterations = chain(
        ((cause, scheme, altered, secrets) for cause, altered in altered_bodies(scheme, request)),
        ((cause, scheme, altered, secrets) for cause, altered in altered_urls(scheme, request)),
        ((cause, s, request, keys) for cause, s, keys in altered_secrets(scheme, secrets)),
        ((cause, s, request, keys) for cause, s, keys in altered_schemes(scheme, secrets)),
    )
    for cause, altered_scheme, altered_request, altered_keys in alterations:
        if _is_valid(altered_scheme, altered_request, altered_keys):
            yield cause
            return
    if not request.body and scheme.coverage in ("full", "body"):
        yield Cause("body_empty", "body", certain=True)
        return
    kinds = [kind for kind in map(looks_like_another_key, secrets) if kind]
    yield from (Cause("secret_of_another_kind", "secret", kind) for kind in kinds)
    if rejection.reason is Reason.MALFORMED_SIGNATURE:
        yield Cause("signature_malformed", rejection.detail, scheme.encoding)
    elif not kinds:
        yield Cause("secret_or_body", "secret, body")


def _is_valid(scheme: Scheme, request: WebhookRequest, secrets: Sequence[HiddenSecret]) -> bool:
    """Whether the signature is right, at any age."""
    if not secrets:
        return False
    timestamp = scheme.timestamp
    ageless = timestamp and replace(timestamp, past=AGELESS, future=AGELESS)
    try:
        verify(replace(scheme, timestamp=ageless), request, secrets, 0.0)
    except (Rejection, KeyUnavailable, ValueError):
        return False
    return True


def _age(scheme: Scheme, request: WebhookRequest, now: float) -> Cause:
    """The signature is right; the time is not."""
    timestamp = scheme.timestamp
    if timestamp is None:
        raise LookupError("the scheme has no timestamp")
    signed_at = signing_time(timestamp, timestamp_text(DeliveryView(scheme, request)))
    difference = signed_at - now
    for unit, seconds in (("milliseconds", signed_at / 1000), ("seconds", signed_at * 1000)):
        if abs(seconds - now) < 86400 and timestamp.unit != "iso":
            return Cause("timestamp_unit", str(timestamp.locator), unit, certain=True)
    quarters = round(difference / 900)
    if 0 < abs(quarters) <= 56 and abs(difference - quarters * 900) <= 5:
        return Cause("clock_zone", "clock", f"{difference / 3600:+.2f} h")
    key = "clock_behind" if difference > 0 else "delivery_old"
    return Cause(key, str(timestamp.locator), f"{abs(difference):.0f} s", certain=True)
