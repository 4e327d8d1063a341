"""A fake of any provider, made from its API document, that fails on command and keeps a ledger."""

from noctule.sandbox.events import Delivery, Way, sample_event, send_event, signed_delivery
from noctule.sandbox.faults import KINDS, Fault, Kind
from noctule.sandbox.ledger import Effect, Exchange, Ledger
from noctule.sandbox.provider import FakeProvider

__all__ = [
    "KINDS",
    "Delivery",
    "Effect",
    "Exchange",
    "FakeProvider",
    "Fault",
    "Kind",
    "Ledger",
    "Way",
    "sample_event",
    "send_event",
    "signed_delivery",
]
