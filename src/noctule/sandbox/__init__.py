"""A fake of any provider, made from its API document, that fails on command and keeps a ledger.

async with FakeProvider(document) as fake:
    await fake.inject(Fault(kind="status", status=503))
    ...                                   # call fake.base_url
    assert len(fake.ledger.effects) == 1

Names are imported on first use, so that sending an event does not load the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.sandbox.events import (
        DeliveryVariant,
        SignedDelivery,
        sample_event,
        send_event,
        signed_delivery,
    )
    from noctule.sandbox.http.faults import KINDS, Fault, Kind
    from noctule.sandbox.ledger import Effect, Exchange, Ledger
    from noctule.sandbox.provider import FakeProvider

__all__ = [
    "KINDS",
    "DeliveryVariant",
    "Effect",
    "Exchange",
    "FakeProvider",
    "Fault",
    "Kind",
    "Ledger",
    "SignedDelivery",
    "sample_event",
    "send_event",
    "signed_delivery",
]

_HOMES = {
    "events": "SignedDelivery DeliveryVariant sample_event send_event signed_delivery",
    "http.faults": "KINDS Fault Kind",
    "ledger": "Effect Exchange Ledger",
    "provider": "FakeProvider",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
