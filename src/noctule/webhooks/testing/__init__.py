"""For the tests of an application: deliveries signed as the provider would sign them.

headers, body = signed("stripe", {"id": "evt_1", "type": "invoice.paid"}, secret="whsec_test")
assert client.post("/webhooks/stripe", headers=headers, content=body).status_code == 200
"""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from typing import Any

from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.signing.keypair import KeyPair
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.signing.tampered import tampered
from noctule.webhooks.verification.key_cache import key_cache_for

__all__ = ["KeyPair", "key_for", "publish", "signed", "tampered"]


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
    return compose(scheme, payload, secret, now=now, id=id, type=type, url=url)


def key_for(provider: str | Scheme) -> KeyPair:
    """A new key: `.secret` for the receiver's environment, `.signing` for `signed`.

    If the provider publishes its keys, this process then uses the new one as published.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    key = new_key(scheme)
    if key.document:
        publish(scheme, key)
    return key


def publish(scheme: Scheme, key: KeyPair) -> None:
    """Make this process use the key as the only one that the provider publishes, if it does."""
    if scheme.key_address is not None:
        cache = key_cache_for(scheme.key_address)
        cache.fetch = lambda _: key.document
        cache.clear()
