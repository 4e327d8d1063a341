"""The provider's side of webhooks: sample events, signed correctly or incorrectly.

payload = sample_event(document, pack, scheme, "payment_intent.succeeded", event_id="evt_1")
delivery = signed_delivery(scheme, payload, key=key.signing, url=url, variant="stale")
status, body = await send_event(app, delivery)
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from noctule.apidoc import sample
from noctule.json_types import as_dict, set_path
from noctule.sandbox.http.webhook_sender import AsgiApp, post
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.signing.tampered import tampered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiDocument, Schema
    from noctule.providers import Pack
    from noctule.webhooks import Scheme

DeliveryVariant = Literal["good", "wrong_signature", "tampered", "stale", "unsigned"]
"""How a delivery is signed: correctly; with another key; changed after signing; too long ago; not
at all."""
LATE = 60.0
"""Seconds by which a stale delivery exceeds the tolerance."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """One request that the provider sends."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


async def send_event(target: str | AsgiApp, delivery: SignedDelivery) -> tuple[int, bytes]:
    """Post to a URL or an ASGI application; status and body of the answer.

    A duplicate is the same delivery sent twice.
    """
    return await post(target, delivery.url, delivery.headers, delivery.body)


def signed_delivery(
    scheme: Scheme,
    payload: Any,
    *,
    key: str,
    url: str,
    variant: DeliveryVariant = "good",
    now: float | None = None,
    event_id: str = "",
    event: str = "",
) -> SignedDelivery:
    """`payload` as the provider would deliver it, or signed incorrectly as `variant` says.

    `key` signs (`KeyPair.signing`), `now` is in seconds since the epoch. Raises ValueError for a
    stale delivery under a scheme that signs no time.
    """
    moment = time.time() if now is None else now
    if variant == "stale":
        if scheme.timestamp is None:
            raise ValueError(f"{scheme.provider or 'this scheme'} signs no time: nothing is stale")
        moment -= scheme.timestamp.past + LATE
    signing = new_key(scheme).signing if variant == "wrong_signature" else key
    headers, body = compose(scheme, payload, signing, now=moment, id=event_id, type=event, url=url)
    if variant == "tampered":
        headers, body = tampered(scheme, headers, body)
    delivery = SignedDelivery(url, headers, body)
    if variant == "unsigned":
        signatures = {name.replace("*", "1") for name in scheme.headers}
        others = {name: value for name, value in headers.items() if name not in signatures}
        return replace(delivery, headers=others)
    return delivery


def sample_event(
    document: ApiDocument, pack: Pack | None, scheme: Scheme, event: str, *, event_id: str
) -> dict[str, Any]:
    """An event of that name as the document describes it. Its body is unique: where the id is not
    in the body, two events with the same body would be one event sent twice."""
    payload = deepcopy(_described(document, pack, event))  # it may be the document's own example
    id_parts = next(iter(scheme.id), ())
    for locator, text in zip(id_parts, [event_id, *["sample"] * len(id_parts)], strict=False):
        if locator.kind == "body":
            set_path(payload, locator.name, text)
    if not any(locator.kind == "body" for locator in id_parts):
        payload["sample"] = event_id
    fitting = [parts for parts in scheme.type if event.count(".") >= len(parts) - 1]
    for parts in fitting[:1]:
        for locator, text in zip(parts, event.split(".", len(parts) - 1), strict=True):
            if locator.kind == "body":
                set_path(payload, locator.name, text)
    return payload


def _described(document: ApiDocument, pack: Pack | None, event: str) -> dict[str, Any]:
    webhook = document.webhooks.get(event)
    if webhook is not None and webhook.body is not None:
        schemas = [media.schema for media in webhook.body.media.values() if media.schema]
        return _sampled(schemas[0]) if schemas else {}
    fact = pack.events.get(event) if pack is not None else None
    schema = document.schemas.get(fact.schema) if fact is not None else None
    described = _sampled(schema) if schema is not None else {}
    webhook_fact = pack.webhook if pack is not None else None
    if webhook_fact is None or not webhook_fact.object_path:
        return described
    payload: dict[str, Any] = deepcopy(dict(webhook_fact.envelope))
    set_path(payload, webhook_fact.object_path, described)
    return payload


def _sampled(schema: Schema) -> dict[str, Any]:
    return as_dict(sample(schema, optional=True))
