"""The prover can fail: each of these wrappers breaks one promise, and is caught breaking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule.proving import table
from support.proving_samples import (
    CALL,
    HANDLER,
    WRAPPER,
    proven,
    signed_by_a_published_key,
    without_a_key,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

NO_TIMEOUT = (
    "policies=Policies()",
    "policies=Policies(timeout=None, connect_timeout=None, pool_timeout=None, deadline=None)",
)
SLOW = (
    "policies=Policies()",
    "policies=Policies(timeout=25.0, connect_timeout=25.0, pool_timeout=25.0, deadline=25.0)",
)
ONCE = ("policies=Policies()", "policies=Policies(retry=RetryLimits(attempts=1))")
TWO_ATTEMPTS = ("policies=Policies()", "policies=Policies(retry=RetryLimits(attempts=2))")
BLIND_RETRY = ('idempotency_header="Idempotency-Key"', 'idempotency_header=""')
# Past all policies: with another client it would not reach the fake, nor anything else.
RAW = """
        from urllib.parse import urlencode
        from noctule.runtime.request import Limits, Request
        headers = {{
            "Authorization": f"Bearer {{os.environ['STRIPE_SECRET_KEY']}}",
            "Content-Type": "application/x-www-form-urlencoded",
        }}
        url = f"{{self.base_url}}/v1/payment_intents"
        for _ in range(4):
            request = Request("POST", url, headers, urlencode(body).encode(), Limits())
            response = await self._transport.asend(request)
            if response.status == 200:
                return PaymentIntent(**{{"id": "x", "amount": 1, "status": "succeeded"}})
            {wait}
        raise ServiceError("no")
"""
OTHER_CLIENT = """
        import httpx2
        async with httpx2.AsyncClient() as client:
            await client.post(f"{self.base_url}/v1/payment_intents", data=body)
"""
FRESH_KEY = """
        for _ in range(4):
            try:
                alone = CallOptions(attempts=1)
                return await self.call(CREATE_PAYMENT_INTENT, body=body, options=alone)
            except ServiceError as error:
                last = error
        raise last
"""
LOGGED = 'logging.getLogger("app").info("with %s", os.environ["STRIPE_SECRET_KEY"])'
PRINTED = 'print(os.environ["STRIPE_SECRET_KEY"])'
CLOSED_ENUM = """
        made = await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        if "next_year" in made.status:
            raise ValueError(made.status)
        return made
"""
TRUSTING = """
        made = await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        if not isinstance(getattr(made, "id", None), str):
            raise KeyError("id")
        return made
"""
LYING = """
        made = await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        if not hasattr(made, "id"):
            made = PaymentIntent(**dict.fromkeys(PaymentIntent.__struct_fields__))
        return made
"""
UNTYPED = """
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError as error:
            raise RuntimeError("payment failed") from error
"""
PLAIN = """
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError as error:
            raise error.__cause__ or error
"""
HIDING = """
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError:
            return None
"""
QUOTING = """
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError as error:
            error.add_note(error.response.text if error.response else "")
            raise
"""

TWICE = """
        for _ in range(2):
            try:
                await self.call(CREATE_PAYMENT_INTENT, body=body, options=CallOptions(attempts=1))
            except ServiceError:
                pass
        raise ServiceError("it did not work")
"""
INSTEAD = """
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError:
            await self.call(Operation(
                "create_customer", "POST", "/v1/customers", returns=None, body="form"
            ), body={})
            raise
"""

WRAPPERS: dict[str, tuple[tuple[str, str], str, set[str]]] = {
    "no timeout": (NO_TIMEOUT, "timeout", {"in_time", "no_answer"}),
    "a timeout of 25 s": (
        SLOW,
        "timeout",
        {"in_time"},
    ),
    "writes again without a key": (
        ('retry="with_key"', 'retry="idempotent"'),
        "answer_lost",
        {"one_effect"},
    ),
    "writes again under another key": ((CALL, FRESH_KEY), "answer_lost", {"one_effect"}),
    "writes again after a 500": ((CALL, FRESH_KEY), "status_500_after_effect", {"one_effect"}),
    "never retries": (ONCE, "status_500_once", {"returns"}),
    "retries for ever": (
        (
            "policies=Policies()",
            "policies=Policies(retry=RetryLimits(attempts=6), breaker=None, deadline=None)",
        ),
        "refused",
        {"within_attempts"},
    ),
    "speaks to the provider itself": (
        (CALL, OTHER_CLIENT),
        "none",
        {"returns"},
    ),
    "ignores Retry-After": (
        (CALL, RAW.format(wait="pass")),
        "rate_limited",
        {"retry_after"},
    ),
    "waits too long": (
        (CALL, RAW.format(wait="await self._clock.sleep(19)")),
        "rate_limited",
        {"retry_after"},
    ),
    "no breaker": (
        ("policies=Policies()", "policies=Policies(breaker=None)"),
        "storm",
        {"breaker_opens"},
    ),
    "logs the key": ((CALL, f"        {LOGGED}\n{CALL}"), "none", {"nothing_secret"}),
    "prints the key": ((CALL, f"        {PRINTED}\n{CALL}"), "none", {"nothing_secret"}),
    "repeats what the provider quoted": ((CALL, QUOTING), "secret_quoted", {"nothing_secret"}),
    "raises what it likes": ((CALL, UNTYPED), "refused", {"typed_error"}),
    "falls over a missing field": ((CALL, TRUSTING), "missing_field", {"no_surprise"}),
    "falls over a null": ((CALL, TRUSTING), "null_field", {"no_surprise"}),
    "returns what its types exclude": ((CALL, LYING), "missing_field", {"no_surprise"}),
    "fails after two effects": ((CALL, TWICE), "invalid_json", {"no_second_effect", "no_answer"}),
    "does something else instead": ((CALL, INSTEAD), "secret_quoted", {"no_effect"}),
    "falls over a new enum value": ((CALL, CLOSED_ENUM), "new_enum_value", {"returns"}),
    "hides the failure": ((CALL, HIDING), "invalid_json", {"no_answer"}),
    "raises the cause of the unknown": ((CALL, PLAIN), "answers_lost", {"no_answer"}),
    "raises the cause of a 500": ((CALL, PLAIN), "status_500_to_the_end", {"no_answer"}),
    "reads its result once": (ONCE, "invalid_json_once", {"rereads"}),
    "gives up before the blip does": (ONCE, "blip", {"outlasts"}),
    "takes a key in use for a refusal": (TWO_ATTEMPTS, "key_in_use", {"returns"}),
    "hammers after Retry-After: 0": (
        (CALL, RAW.format(wait="pass")),
        "rate_limited_zero",
        {"own_wait"},
    ),
}

ANY = """
async def anything(request: Request) -> Response:
    event = await request.json()
    await payment_intent_succeeded(SimpleNamespace(type=event["type"], id=event["id"]))
    return Response(status_code=200)


ENDPOINT = anything
"""
VERIFIED = """
async def verified(request: Request) -> Response:
    import os, time
    body = await request.body()
    scheme = scheme_of("stripe")
    secrets = (os.environ["STRIPE_WEBHOOK_SECRET"],)
    delivery = Delivery("POST", str(request.url), request.scope["headers"], body)
    try:
        verify(scheme, delivery, secrets, {now})
    except Rejection:
        return Response(status_code={status})
    event = await request.json()
    await payment_intent_succeeded(SimpleNamespace(type=event["type"], id=event["id"]))
    return Response(status_code=200)


ENDPOINT = verified
"""
SIGNED_TIME = 'int(request.headers["stripe-signature"].split(",")[0][2:])'

HANDLERS: dict[str, tuple[str, str, set[str]]] = {
    "accepts anything": (ANY, "wrong_signature", {"refused_401", "not_handled"}),
    "handles what is not signed": (ANY, "unsigned", {"refused_401", "not_handled"}),
    "handles what was changed": (ANY, "tampered", {"refused_401", "not_handled"}),
    "handles twice": (
        VERIFIED.format(now="time.time()", status=401),
        "duplicate",
        {"handled_once"},
    ),
    "takes old events": (
        VERIFIED.format(now=SIGNED_TIME, status=401),
        "stale",
        {"refused_401", "not_handled"},
    ),
    "answers 400": (
        VERIFIED.format(now="time.time()", status=400),
        "wrong_signature",
        {"refused_401"},
    ),
    "crashes": ("ENDPOINT = lambda request: 1 / 0\n", "event", {"accepted", "handled_once"}),
    "prints the secret": (
        VERIFIED.format(now="print(*secrets) or time.time()", status=401),
        "wrong_signature",
        {"nothing_secret"},
    ),
    "forgets": (
        """async def forgets(request: Request) -> Response:
    return Response(status_code=200)


ENDPOINT = forgets
""",
        "event",
        {"handled_once"},
    ),
}

FAST = 200.0
"""What breaks is confirmed at a fifth of this, which is slower than the usual speed."""


def broken_promises(project: Path, fault: str) -> set[str]:
    matrix = proven(project, fault, speed=FAST)
    assert not matrix.held, table(matrix, "en")
    return {check.promise for row in matrix.rows for check in row.broken}


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_broken_wrapper_is_caught(name: str, tmp_path: Path) -> None:
    (before, after), fault, promises = WRAPPERS[name]
    wrapper = WRAPPER.replace(before, after)
    if name == "writes again without a key":
        wrapper = wrapper.replace(*BLIND_RETRY)
    assert wrapper != WRAPPER
    assert promises == broken_promises(write(tmp_path / "project", wrapper=wrapper), fault)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_broken_handler_is_caught(name: str, tmp_path: Path) -> None:
    code, fault, promises = HANDLERS[name]
    handler = HANDLER.replace("ENDPOINT = receiver\n", code)
    assert promises == broken_promises(write(tmp_path / "project", handler=handler), fault)


@pytest.mark.parametrize("fault", ["answer_lost", "status_500_once"])
def test_a_write_without_a_key_is_sent_once_and_says_that_it_cannot_know(
    fault: str, tmp_path: Path
) -> None:
    assert without_a_key(tmp_path / "good", "never", fault).held
    matrix = without_a_key(tmp_path / "bad", "idempotent", fault)
    (row,) = matrix.rows
    assert "outcome_unknown" in {check.promise for check in row.broken}
    assert row.observed.requests == 2


def test_the_key_that_a_provider_publishes_is_made_up_and_not_fetched(tmp_path: Path) -> None:
    matrix = signed_by_a_published_key(tmp_path / "project")
    assert matrix.held, table(matrix, "en")
    assert [row.observed.outcome for row in matrix.rows] == ["200", "401", "401", "401"]


def test_the_wrapper_that_they_break_holds(tmp_path: Path) -> None:
    matrix = proven(write(tmp_path / "project"))
    assert matrix.held, table(matrix, "en")
