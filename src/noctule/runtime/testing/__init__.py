"""Tests of code that calls a provider, without the provider and without waiting.

    provider = MockProvider()
    provider.replies(500).replies(200, json={"id": "pi_1"})
    stripe = StripeService(transport=provider, clock=VirtualClock())

`VirtualClock` does not wait and is for `MockProvider`; `FastClock` makes time run faster and is for
real sockets. pytest finds the fixtures `noctule_provider`, `noctule_clock` and
`noctule_no_secret_leak` by itself.
"""

from noctule.runtime.testing.clocks import FastClock, VirtualClock
from noctule.runtime.testing.mock_provider import MockProvider, Received
from noctule.runtime.testing.received import as_received

__all__ = ["FastClock", "MockProvider", "Received", "VirtualClock", "as_received"]
