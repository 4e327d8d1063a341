"""For the tests of an application: deliveries signed as the provider would sign them.

headers, body = signed("stripe", {"id": "evt_1", "type": "invoice.paid"}, secret="whsec_test")
assert client.post("/webhooks/stripe", headers=headers, content=body).status_code == 200
"""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from typing import Any

from noctule.webhooks.scheme import Scheme
from noctule.webhooks.schemes import scheme_of
from noctule.webhooks.sign import KeyPair, body_of, new_key, sign

__all__ = ["KeyPair", "key_for", "signed"]


def signed(
    provider: str | Scheme,
    payload: Any,
    *,
    secret: str,
    now: float | None = None,
    id: str = "",
    type: str = "",
    url: str = "",
) -> tuple[dict[str, str], bytes]:
    """Headers and exact body of a delivery of `payload`.

    `secret` is what signs (`key_for(provider).signing` for a public-key scheme), `now` seconds
    since the epoch. `id` and `type` are for providers that put them in headers; `url` is the
    address called, for those that sign it.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    body = body_of(scheme, payload)
    return sign(scheme, body, secret, now=now, id=id, type=type, url=url), body


def key_for(provider: str | Scheme) -> KeyPair:
    """A fresh key: `.secret` for the receiver's environment, `.signing` for `signed`."""
    return new_key(provider if isinstance(provider, Scheme) else scheme_of(provider))
