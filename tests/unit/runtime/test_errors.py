"""An error travels to logs, trackers, queues and other processes, and takes no secret with it."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import importlib
import pickle
import pkgutil
import traceback
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import noctule.runtime
import noctule.webhooks
from noctule.problem import Exit, Problem
from noctule.providers import UnknownProvider
from noctule.runtime import (
    Bearer,
    CallOptions,
    MissingSecrets,
    OutcomeUnknown,
    RateLimited,
    Service,
    ServiceError,
    Unauthorized,
    env,
)
from noctule.runtime.policy.body_failure import BodyFailure
from noctule.webhooks.errors import KeyNotCached, Reason, Rejection
from noctule.webhooks.receiving.sync.body import BodyConsumed
from noctule.webhooks.verification.key_cache import KeyRequest
from support.runtime_calling import CHARGE, CREATE, READ, MakeShop
from support.runtime_calling import config as shop_config

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "Zq9S3cr3tVALUE7x"
MARKER = "ordinary-text-of-the-provider"


def every_kind(package: Any) -> list[type[BaseException]]:
    """The exception classes of a package, its private ones left out."""
    names = [
        module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    ]
    found = {
        value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type)
        and issubclass(value, BaseException)
        and value.__module__.startswith(package.__name__)
        and not value.__name__.startswith("_")
    }
    return sorted(found, key=lambda kind: kind.__name__)


def pickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


KINDS = [
    *every_kind(noctule.runtime),
    *every_kind(noctule.webhooks),
    Problem,
    UnknownProvider,
]
ARGUMENTS: dict[type[BaseException], tuple[Any, ...]] = {
    MissingSecrets: (("SHOP_KEY", "SHOP_PASSWORD"),),
    Rejection: (Reason.STALE, "header date"),
    KeyNotCached: (KeyRequest("https://keys.example"),),
    UnknownProvider: ("stripe2",),
    BodyConsumed: (),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_every_error_is_itself_after_a_journey(kind: type[BaseException], travel: Any) -> None:
    if kind is Problem:
        error: Any = Problem("stages.task_wrong", exit=Exit.USAGE, place="a.yaml", findings="3")
    else:
        error = kind(*ARGUMENTS.get(kind, ("why",)))
    arrived = travel(error)
    assert type(arrived) is kind
    assert (str(arrived), arrived.args) == (str(error), error.args)


def test_there_are_kinds_to_try() -> None:
    assert {OutcomeUnknown, RateLimited, Rejection, KeyNotCached} <= set(KINDS)


def test_a_rejection_keeps_its_reason_and_an_uncached_key_drops_its_request() -> None:
    rejection = pickle.loads(pickle.dumps(Rejection(Reason.STALE, "header date")))
    assert (rejection.reason, rejection.detail, rejection.status) == (
        Reason.STALE,
        "header date",
        401,
    )
    missing = KeyNotCached(KeyRequest("https://keys.example", KEY.encode()))
    assert KEY.encode() not in pickle.dumps(missing)
    assert KEY not in repr(vars(missing))


def test_the_facts_of_a_call_arrive() -> None:
    error = OutcomeUnknown()
    facts: dict[str, Any] = {
        "service": "shop", "operation": "charge", "status": 500, "request_id": "req_1",
        "attempts": 3, "elapsed": 1.5, "safe_to_retry": True, "idempotency_key": "order-1",
        "provider_code": "card_declined", "fingerprint": "f1",
    }  # fmt: skip
    for name, value in facts.items():
        setattr(error, name, value)
    limited = RateLimited()
    limited.retry_after = 7.5
    error.__cause__ = limited
    arrived = pickle.loads(pickle.dumps(error))
    assert {name: getattr(arrived, name) for name in facts} == facts
    assert isinstance(arrived.__cause__, RateLimited)
    assert arrived.__cause__.retry_after == 7.5
    assert arrived.user_message("fr") == error.user_message("fr")


class Refusal(ServiceError):
    """The shop refused."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code = code


def test_an_error_of_your_own_travels_too() -> None:
    arrived = pickle.loads(pickle.dumps(Refusal(3, reason="closed")))
    assert (str(arrived), arrived.code) == ("The shop refused: closed (3)", 3)


def echo() -> dict[str, Any]:
    """Everything that was sent comes back, in headers and in the body."""
    return {
        "headers": {
            "X-Echo": f"Bearer {KEY}",
            "Set-Cookie": "session=cookie-of-the-session",
            "Request-Id": f"req {KEY}",
            "X-Kind": MARKER,
            "X-Ratelimit-Remaining-Tokens": "149984",
        },
        "json": {"error": {"message": f"invalid key {KEY}", "code": MARKER, "token": "theirs_1"}},
    }


STATUSES = [200, 400, 401, 403, 404, 409, 422, 429, 500, 503]
FAILURE = BodyFailure(flag="ok", code="error", retryable=(f"code {KEY}",))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("operation", [READ, CREATE, CHARGE], ids=lambda operation: operation.name)
def test_what_a_provider_echoes_is_nowhere_in_an_error(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, status: int, operation: Any
) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    shop = make_shop(auth=Bearer(env("SHOP_KEY")), failure=FAILURE)
    answer = echo()
    if status == 200:
        answer["json"] = {"ok": False, "error": f"code {KEY}", "kind": MARKER, "token": "theirs_1"}
    for _ in range(4):
        shop.provider.replies(status=status, **answer)
    path = {"path": {"id": "i_1"}} if operation is READ else {}
    with pytest.raises(ServiceError) as caught:
        shop.call(operation, options=CallOptions(attempts=1), **path)
    error = caught.value
    for shown in everything_shown(error):
        assert KEY not in shown
    assert error.response is not None
    assert error.response.headers["x-kind"] == MARKER
    assert error.response.headers["x-ratelimit-remaining-tokens"] == "149984"
    assert "cookie-of-the-session" not in error.response.headers["set-cookie"]
    assert MARKER in error.response.text
    assert "theirs_1" in error.response.text  # the next step may need the provider's own tokens
    travelled = pickle.dumps(error)
    assert MARKER.encode() not in travelled
    arrived = pickle.loads(travelled)
    assert arrived.response is None
    assert (arrived.status, arrived.request_id) == (error.status, "req [redacted]")


def everything_shown(error: BaseException) -> Iterator[str]:
    """What logs, error trackers and task queues make of an error and of its causes."""
    yield from (str(error), repr(error), repr(vars(error)), repr(error.args))
    for copied in (copy.copy(error), copy.deepcopy(error)):
        yield repr(vars(copied))
    yield pickle.dumps(error).decode("latin-1")
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    # Frames of this module hold the key itself.
    yield from (
        repr(frame.locals)
        for frame in frames.stack
        if "noctule" in frame.filename and frame.locals is not None
    )
    if isinstance(error, ServiceError) and error.response is not None:
        yield from (error.response.text, repr(dict(error.response.headers)))
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            yield from everything_shown(cause)


def test_a_large_answer_is_cut_in_an_error(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(status=400, content=b"x" * 200_000)
    with pytest.raises(ServiceError) as caught:
        shop.call(READ, path={"id": "i_1"}, options=CallOptions(attempts=1))
    assert caught.value.response is not None
    assert len(caught.value.response.content) == 64 * 1024


def test_a_rejected_key_is_still_told(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    shop = make_shop(auth=Bearer(env("SHOP_KEY")))
    shop.provider.replies(status=401, **echo())
    with pytest.raises(Unauthorized) as caught:
        shop.call(READ, path={"id": "i_1"})
    assert caught.value.response is not None
    assert caught.value.response.json()["error"]["message"] == "invalid key [redacted]"


def test_the_frames_of_a_cancelled_call_hold_no_credential(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As code sees them that walks the attributes of what a frame holds."""
    monkeypatch.setenv("SHOP_KEY", KEY)
    signed: list[str] = []

    class Hanging:
        async def asend(self, request: Any) -> Any:
            signed.append(request.headers["Authorization"])
            await asyncio.sleep(60)

        async def aclose(self) -> None:
            return

    class Shop(Service):
        config = shop_config(auth=Bearer(env("SHOP_KEY")))

    async def cancelled() -> BaseException:
        async with Shop(transport=Hanging()) as shop:
            task = asyncio.ensure_future(shop.call(READ, path={"id": "i_1"}))
            while not signed:  # noqa: ASYNC110
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        return caught.value

    error = asyncio.run(cancelled())
    assert signed == [f"Bearer {KEY}"]
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "/noctule/" in frame.f_code.co_filename]
    assert ours
    for frame in ours:
        for value in frame.f_locals.values():
            assert KEY not in repr(value)
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                members = [getattr(value, field.name) for field in dataclasses.fields(value)]
                assert KEY not in repr(members)
            if isinstance(value, msgspec.Struct):
                assert KEY not in repr([getattr(value, name) for name in value.__struct_fields__])
