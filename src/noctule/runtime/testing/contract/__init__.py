"""The tests that all wrappers share, to be applied to a service with a table of example calls.

    CALLS: dict[str, ExampleCall[StripeService]] = {
        "create_customer": ExampleCall(
            lambda stripe, options: stripe.create_customer(email="a@example.com", options=options),
            "POST /v1/customers",
            form={"email": "a@example.com"},
            answer={"id": "cus_123"},
        ),
    }

    @pytest.fixture
    def profile() -> ServiceProfile:
        return ServiceProfile(
            service=StripeService,
            name="stripe",
            url="https://api.stripe.com",
            secrets=["STRIPE_SECRET_KEY"],
            authorization="Bearer {STRIPE_SECRET_KEY}",
            idempotency_header="Idempotency-Key",
        )

    class TestStripe(ServiceContract):
        calls = CALLS

`CallContract` tests what differs from method to method, `ResilienceContract` what a service does
when the provider fails; `ServiceContract` is both. Async and sync services use the same table.
Time is virtual, and nothing leaves the process. This package needs pytest; the rest of
`noctule.runtime` does not import it.
"""

from noctule.runtime.testing.contract.calls import CallContract
from noctule.runtime.testing.contract.example import (
    ExampleCall,
    ExamplePages,
    SentCredentials,
    ServiceProfile,
)
from noctule.runtime.testing.contract.resilience import ResilienceContract, ServiceContract
from noctule.runtime.testing.contract.workbench import Workbench

__all__ = [
    "CallContract",
    "ExampleCall",
    "ExamplePages",
    "ResilienceContract",
    "SentCredentials",
    "ServiceContract",
    "ServiceProfile",
    "Workbench",
]
