"""What a service does when the provider fails, and what it never does."""

from __future__ import annotations

import logging
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime.call.config import CallOptions
from noctule.runtime.errors import (
    BadRequest,
    ClientError,
    Conflict,
    Forbidden,
    InvalidResponse,
    MissingSecrets,
    NotFound,
    OutcomeUnknown,
    ServiceError,
    TimedOut,
    Unauthorized,
    Unprocessable,
)
from noctule.runtime.testing.contract.calls import CallContract, check_result
from noctule.runtime.testing.contract.collection import Contract
from noctule.runtime.testing.contract.digest import CHALLENGE, is_answer
from noctule.runtime.testing.contract.requests import check_credentials, credentials_of
from noctule.runtime.testing.contract.workbench import ISSUED_TOKEN
from noctule.runtime.testing.failure_body import failure_body
from noctule.runtime.testing.received import as_received

if TYPE_CHECKING:
    from typing import Literal

    from noctule.runtime.testing.contract.example import ExampleCall, ServiceProfile
    from noctule.runtime.testing.contract.workbench import Workbench

REFUSALS: dict[int, type[ClientError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: ClientError,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
}
UNLISTED_CODE = "refused_by_a_test"
"""An error code that no provider has."""
RESET_SECONDS = 6.0
"""When the calls that a provider allows are counted from zero again."""


class ResilienceContract(Contract):
    """One test per failure and row of `calls`."""

    def test_credentials_come_from_the_environment(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """Every request carries the credentials that the environment holds for it, no others."""
        bench.succeed(example)
        bench.call(example)
        [request] = bench.requests
        check_credentials(bench, request, example)

    def test_challenge_is_answered(
        self, bench: Workbench, digest_example: ExampleCall[Any]
    ) -> None:
        """No credential goes out before the provider's challenge; the request after it proves that
        both sides know the password."""
        bench.provider.replies(401, headers={"WWW-Authenticate": CHALLENGE})
        bench.succeed(digest_example)
        bench.call(digest_example)
        first, second = bench.requests
        assert first.headers.get("Authorization") is None
        user, password = (bench.credentials[name] for name in digest_example.digest)
        assert is_answer(second, user, password)

    def test_missing_variables_are_reported_together(
        self, profile: ServiceProfile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A service without its environment raises `MissingSecrets`, which names all of it."""
        for name in profile.secrets:
            monkeypatch.delenv(name, raising=False)
        if profile.secrets:
            with pytest.raises(MissingSecrets) as caught:
                profile.service()
            assert sorted(caught.value.names) == sorted(profile.secrets)

    def test_secrets_stay_out_of_logs_and_errors(
        self, bench: Workbench, example: ExampleCall[Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """No credential appears in any log, message or traceback, not even one that the provider
        repeats."""
        caplog.set_level(logging.DEBUG)
        bench.succeed(example)
        bench.call(example)
        bench.provider.replies(400, json={"error": list(bench.credentials.values())})
        error = bench.fail(example, ServiceError)
        trace = "".join(traceback.format_exception(error))
        events = " ".join(repr(event) for event in bench.events)
        texts = f"{caplog.text} {error} {error!r} {error.user_message()} {trace} {events}"
        assert not [name for name, value in bench.credentials.items() if value in texts]

    def test_refused_connection_is_retried(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """A request that never left is sent again, whatever the call does."""
        bench.provider.fails("connect")
        bench.succeed(example)
        bench.call(example)
        assert len(bench.requests) == 2

    def test_timeout_is_retried_only_if_safe(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """Without an answer, a read is tried as often as the policies allow and raises `TimedOut`.
        A write raises `OutcomeUnknown`, after one request if it may not be sent twice."""
        bench.provider.fails("timeout", times=None)
        once = example.retry_mode(bench.profile) == "never"
        error = bench.fail(example, OutcomeUnknown if example.writes else TimedOut)
        assert len(bench.requests) == (1 if once else bench.profile.attempts)
        assert error.safe_to_retry is not once

    def test_lost_connection_is_retried_only_if_safe(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """The same when the connection is lost after the request was sent."""
        bench.provider.fails("reset")
        bench.succeed(example)
        if example.retry_mode(bench.profile) == "never":
            bench.fail(example, OutcomeUnknown)
            assert len(bench.requests) == 1
        else:
            bench.call(example)
            assert len(bench.requests) == 2

    def test_attempt_ends_after_the_timeout(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """A provider that hangs holds an attempt for the profile's `timeout` and no longer."""
        bench.provider.replies(json={}, times=None, after=10 * bench.profile.timeout)
        start = bench.clock.monotonic()
        kind = OutcomeUnknown if example.writes else TimedOut
        bench.fail(example, kind, CallOptions(attempts=1))
        assert bench.clock.monotonic() - start == pytest.approx(bench.profile.timeout, abs=0.01)

    def test_retry_after_is_respected(self, bench: Workbench, example: ExampleCall[Any]) -> None:
        """After a 429 the call waits as long as the provider says."""
        bench.provider.replies(429, headers={"Retry-After": "2"})
        bench.succeed(example)
        start = bench.clock.monotonic()
        bench.call(example)
        assert 2.0 <= bench.clock.monotonic() - start < 3.0

    def test_advice_against_a_retry_is_followed(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """A 500 with the provider's own "do not retry" ends the call."""
        header = bench.profile.should_retry_header or "X-Should-Retry"
        bench.provider.replies(500, headers={header: "false"}, times=None)
        bench.fail(example, ServiceError)
        assert len(bench.requests) == 1

    def test_exhausted_rate_limit_is_respected(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """When the provider says that no call is left, the next one waits for the reset."""
        limit = bench.profile.rate_limit
        headers = {}
        if limit is not None:
            reset = _reset(limit.reset_kind, bench.clock.time())
            headers = {limit.remaining_header: "0", limit.reset_header: reset}
        bench.succeed(example, headers)
        bench.succeed(example)
        bench.call(example)
        start = bench.clock.monotonic()
        bench.call(example)
        least, most = (RESET_SECONDS - 2, RESET_SECONDS + 2) if headers else (0.0, 0.1)
        assert least <= bench.clock.monotonic() - start < most

    @pytest.mark.parametrize("status", REFUSALS)
    def test_refusal_is_raised_as_an_error(
        self, bench: Workbench, example: ExampleCall[Any], status: int
    ) -> None:
        """A refusal becomes the error of its status, with the provider's request id and a message
        for users, and without a retry unless the profile lists the status."""
        header = bench.profile.request_id_header
        headers = {header: "req_1"} if header else None
        bench.provider.replies(status, json={}, headers=headers, times=None)
        error = bench.fail(example, REFUSALS[status])
        issued = credentials_of(bench, example).authorization.endswith(f" {ISSUED_TOKEN}")
        sent = 2 if status == 401 and issued else 1
        if status in bench.profile.retry_statuses:
            sent = bench.profile.attempts
        assert (error.status, len(bench.requests)) == (status, sent)
        assert error.user_message()
        if header:
            assert error.request_id == "req_1"

    def test_key_in_use_is_waited_for(self, bench: Workbench, example: ExampleCall[Any]) -> None:
        """A 409 that says that an earlier attempt still holds the idempotency key is no refusal:
        the write is repeated under the key until its result is there."""
        keyed = example.retry_mode(bench.profile) == "with_key"
        bench.provider.replies(409, json={"error": {"code": "idempotency_key_in_use"}})
        bench.succeed(example)
        if not keyed and 409 not in bench.profile.retry_statuses:
            bench.fail(example, Conflict)
            return
        bench.call(example)
        header = bench.profile.idempotency_header
        first, second = (request.headers.get(header) for request in bench.requests)
        assert first == second
        assert first or not keyed

    def test_retry_after_zero_leaves_our_own_wait(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """A `Retry-After` of 0 is no leave to call again at once."""
        bench.provider.replies(429, headers={"Retry-After": "0"})
        bench.succeed(example)
        start = bench.clock.monotonic()
        bench.call(example)
        assert bench.clock.monotonic() - start >= 1.0

    def test_failure_inside_a_200_is_an_error(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """A 200 whose body reports a failure raises an error with the provider's code, and is
        retried where the code says that calls came too fast."""
        failure = bench.profile.failure
        assert bench.service.config.failure == failure
        if failure is None:
            return
        for code in failure.rate_limited[:1]:
            body = failure_body(failure, code)
            bench.provider.replies(json=body, headers={"Retry-After": "2"})
            bench.succeed(example)
            start = bench.clock.monotonic()
            bench.call(example)
            assert 2.0 <= bench.clock.monotonic() - start < 3.0
        sent = len(bench.requests)
        bench.provider.replies(json=failure_body(failure, UNLISTED_CODE))
        error = bench.fail(example, ClientError)
        code = UNLISTED_CODE if failure.code or failure.error else ""
        assert (error.provider_code, len(bench.requests)) == (code, sent + 1)

    def test_answer_that_is_not_json_is_an_error(
        self, bench: Workbench, json_example: ExampleCall[Any]
    ) -> None:
        """An HTML page where JSON was promised raises `InvalidResponse`; after a write, which has
        probably happened, it is the cause of an `OutcomeUnknown`."""
        bench.provider.replies(json_example.status, content=b"<html>", times=None)
        if not json_example.writes:
            bench.fail(json_example, InvalidResponse)
            return
        error = bench.fail(json_example, OutcomeUnknown)
        assert isinstance(error.__cause__, InvalidResponse)

    def test_unreadable_answer_is_fetched_again(
        self, bench: Workbench, json_example: ExampleCall[Any]
    ) -> None:
        """One page of HTML does not lose the result of a write that may be repeated: under its
        idempotency key the provider answers as it did the first time."""
        bench.provider.replies(json_example.status, content=b"<html>")
        bench.succeed(json_example)
        if json_example.rereads(bench.profile):
            check_result(bench.call(json_example), json_example)
            header = bench.profile.idempotency_header or "Idempotency-Key"
            first, second = (request.headers.get(header) for request in bench.requests)
            assert first == second
        else:
            bench.fail(json_example, OutcomeUnknown if json_example.writes else InvalidResponse)
            assert len(bench.requests) == 1

    def test_unexpected_shape_is_tolerated(
        self, bench: Workbench, json_example: ExampleCall[Any]
    ) -> None:
        """JSON of another shape is never taken for the result: the call raises `InvalidResponse`,
        as the cause of an `OutcomeUnknown` after a write, or reports a contract violation. Only an
        untyped result is what was received."""
        shape = ["not", "as", "promised"]
        bench.provider.replies(json_example.status, json=shape, times=None)
        try:
            result = bench.call(json_example)
        except (InvalidResponse, OutcomeUnknown) as error:
            result = error.__cause__ if json_example.writes else error
        unlike = isinstance(result, InvalidResponse)
        assert unlike or bench.violations or as_received(result) == shape


class ServiceContract(ResilienceContract, CallContract):
    """Both contracts, for a service with few methods."""


def _reset(
    kind: Literal["epoch", "epoch-ms", "seconds", "milliseconds", "date"], now: float
) -> str:
    """How a provider writes the moment in `RESET_SECONDS`."""
    match kind:
        case "epoch":
            return f"{now + RESET_SECONDS:.0f}"
        case "epoch-ms":
            return f"{(now + RESET_SECONDS) * 1000:.0f}"
        case "seconds":
            return f"{RESET_SECONDS:.0f}"
        case "milliseconds":
            return f"{RESET_SECONDS * 1000:.0f}"
        case "date":
            return formatdate(now + RESET_SECONDS, usegmt=True)
