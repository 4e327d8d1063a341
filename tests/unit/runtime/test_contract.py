"""The contract passes for a sound wrapper, and each promise fails for one that breaks it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    JSON,
    All,
    ApiKeyHeader,
    ApiKeyQuery,
    Basic,
    CallOptions,
    Cursor,
    LastId,
    LinkHeader,
    Model,
    NextUrl,
    NoAuth,
    OAuth2ClientCredentials,
    Offset,
    Operation,
    PageNumber,
    Policies,
    RetryLimits,
    Service,
    ServiceError,
    env,
    field,
    paginate,
)
from noctule.runtime.testing.contract import (
    ExampleCall,
    ExamplePages,
    ServiceContract,
    ServiceProfile,
    Workbench,
)
from noctule.runtime.testing.contract.workbench import workbench
from support.contract_samples import (
    CALLS,
    CONFIG,
    CREATE,
    LABEL,
    LIST,
    REFUND,
    STATUS,
    Options,
    Parcel,
    Parcels,
    SyncParcels,
    profile_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from noctule.runtime import AsyncStream, Auth, Paging


class TestParcels(ServiceContract):
    calls = CALLS

    @pytest.fixture(params=[Parcels, SyncParcels], ids=["async", "sync"])
    def profile(self, request: pytest.FixtureRequest) -> ServiceProfile:
        return profile_of(request.param)


def variant(operation: Operation[Any], **changes: Any) -> Operation[Any]:
    names = ("body", "retry", "styles", "moves_money", "accepts", "content_type")
    details: dict[str, Any] = {name: getattr(operation, name) for name in names}
    facts = {"name": operation.name, "method": operation.method, "path": operation.path}
    facts = {name: changes.pop(name, value) for name, value in facts.items()}
    returns = changes.pop("returns", operation.returns)
    return Operation(*facts.values(), returns=returns, **{**details, **changes})


def configured(**changes: Any) -> type[Parcels]:
    """The wrapper with other facts in its configuration."""
    return type("Broken", (Parcels,), {"config": replace(CONFIG, **changes)})


def calling(name: str, operation: Operation[Any], **arguments: Any) -> type[Parcels]:
    """The wrapper with one method that makes another call."""

    async def method(self: Parcels, *, options: Options = None, **_: Any) -> Any:
        return await self.call(operation, **arguments, options=options)

    return type("Broken", (Parcels,), {name: method})


class SwallowsErrors(Parcels):
    async def status(self, *, options: Options = None) -> JSON:
        try:
            return await super().status(options=options)
        except ServiceError:
            return {}


class LogsTheSecret(Parcels):
    async def status(self, *, options: Options = None) -> JSON:
        logging.getLogger("app").debug("token %s", os.environ["PARCELS_TOKEN"])
        return await super().status(options=options)


class RaisesTheSecret(Parcels):
    async def status(self, *, options: Options = None) -> JSON:
        try:
            return await super().status(options=options)
        except ServiceError as error:
            error.args = (os.environ["PARCELS_TOKEN"],)
            raise


class IgnoresOptions(Parcels):
    async def status(self, *, options: Options = None) -> JSON:
        return await super().status()


class RetriesByItself(Parcels):
    async def create_parcel(self, *, weight: int, options: Options = None) -> Parcel:
        once = CallOptions(attempts=1)
        try:
            return await super().create_parcel(weight=weight, options=once)
        except ServiceError:
            return await super().create_parcel(weight=weight, options=once)


class ExpectsAnObject(Parcels):
    async def status(self, *, options: Options = None) -> JSON:
        answer = await super().status(options=options)
        return {"open": answer["open"]}


class Heavy(Model):
    id: str
    weight: str
    sender: str | None = None


class Strict(Model):
    id: str
    weight: int
    sender: str = field(name="from")


class AsksOtherwise(Parcels):
    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        paging = LastId(parameter="after")
        return paginate(self, LIST, paging, query={"limit": limit}, max_items=max_items,
                        options=options)  # fmt: skip


class ForgetsTheFilter(Parcels):
    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        return paginate(self, LIST, LastId(), max_items=max_items, options=options)


class ForgetsTheLimit(Parcels):
    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        return super().list_parcels_all(limit=limit, options=options)


class ForgetsTheOptions(Parcels):
    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        return super().list_parcels_all(limit=limit, max_items=max_items)


class StreamsAnotherFile(Parcels):
    def label_stream(self, *, parcel: str) -> AbstractAsyncContextManager[AsyncStream]:
        return self.stream(LABEL, path={"id": f"{parcel}0"})


BODY = {"weight": 500, "unit": "g"}
PATIENT = Policies(timeout=5.0, retry=RetryLimits(attempts=9))
BROKEN: list[tuple[str, str, type[Service]]] = [
    ("request_and_answer", "create_parcel", calling("create_parcel", CREATE, body={"weight": 500})),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", variant(CREATE, path="/v2/parcels"), body=BODY)),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", variant(CREATE, method="PUT"), body=BODY)),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", variant(CREATE, body="json"), body=BODY)),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", variant(CREATE, name="create"), body=BODY)),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", CREATE, body=BODY, query={"debug": 1})),
    ("request_and_answer", "create_parcel",
     calling("create_parcel", variant(CREATE, returns=Heavy), body=BODY)),
    ("request_and_answer", "create_parcel", configured(idempotency_header="")),
    ("request_and_answer", "create_parcel", configured(headers={})),
    ("request_and_answer", "create_parcel", configured(name="others")),
    ("request_and_answer", "create_parcel", configured(base_url="https://api.others.test")),
    ("request_and_answer", "refund", calling("refund", REFUND, body={"parcel": "par_2"})),
    ("request_and_answer", "note",
     calling("note", variant(REFUND, method="PUT", path="/v1/notes"), body={})),
    ("request_and_answer", "label",
     calling("label", variant(LABEL, returns=str), path={"id": "1"})),
    ("optional_members_may_be_missing", "create_parcel",
     calling("create_parcel", variant(CREATE, returns=Strict), body=BODY)),
    ("server_error_is_retried_only_if_safe", "refund",
     calling("refund", variant(REFUND, retry="idempotent"), body={"parcel": "par_1"})),
    ("server_error_is_retried_only_if_safe", "create_parcel",
     calling("create_parcel", variant(CREATE, retry="never"), body=BODY)),
    ("server_error_is_retried_only_if_safe", "create_parcel", RetriesByItself),
    ("options_apply_to_one_call", "status", IgnoresOptions),
    ("list_is_read_page_by_page", "list_parcels", AsksOtherwise),
    ("list_is_read_page_by_page", "list_parcels", ForgetsTheFilter),
    ("list_is_read_page_by_page", "list_parcels", ForgetsTheLimit),
    ("list_is_read_page_by_page", "list_parcels", ForgetsTheOptions),
    ("content_is_read_piece_by_piece", "label", StreamsAnotherFile),
    ("credentials_come_from_the_environment", "status", configured(auth=NoAuth())),
    ("credentials_come_from_the_environment", "status",
     configured(auth=ApiKeyQuery("key", env("PARCELS_TOKEN")))),
    ("secrets_stay_out_of_logs_and_errors", "status", LogsTheSecret),
    ("secrets_stay_out_of_logs_and_errors", "status", RaisesTheSecret),
    ("refused_connection_is_retried", "status",
     configured(policies=Policies(timeout=5.0, retry=RetryLimits(attempts=1)))),
    ("timeout_is_retried_only_if_safe", "status", SwallowsErrors),
    ("timeout_is_retried_only_if_safe", "status", configured(policies=PATIENT)),
    ("timeout_is_retried_only_if_safe", "create_parcel", RetriesByItself),
    ("timeout_is_retried_only_if_safe", "refund",
     calling("refund", variant(REFUND, retry="with_key"), body={"parcel": "par_1"})),
    ("lost_connection_is_retried_only_if_safe", "refund",
     calling("refund", variant(REFUND, retry="idempotent"), body={"parcel": "par_1"})),
    ("lost_connection_is_retried_only_if_safe", "create_parcel",
     calling("create_parcel", variant(CREATE, retry="never"), body=BODY)),
    ("attempt_ends_after_the_timeout", "status", configured(policies=Policies(timeout=20.0))),
    ("attempt_ends_after_the_timeout", "status", configured(policies=Policies(timeout=None))),
    ("retry_after_is_respected", "status",
     configured(policies=Policies(timeout=5.0, retry=RetryLimits(attempts=1)))),
    ("advice_against_a_retry_is_followed", "status", configured(should_retry_header="")),
    ("exhausted_rate_limit_is_respected", "status", configured(rate_limit=None)),
    ("failure_inside_a_200_is_an_error", "status", configured(failure=None)),
    ("answer_that_is_not_json_is_an_error", "status", SwallowsErrors),
    ("unreadable_answer_is_fetched_again", "create_parcel",
     calling("create_parcel", variant(CREATE, retry="never"), body=BODY)),
    ("unexpected_shape_is_tolerated", "status", ExpectsAnObject),
]  # fmt: skip


FAILURES = (AssertionError, ServiceError, TypeError, pytest.fail.Exception)


def run(test: str, bench: Workbench, example: ExampleCall[Any], *more: Any) -> None:
    getattr(ServiceContract(), f"test_{test}")(bench, example, *more)


@pytest.mark.parametrize(("test", "key", "service"), BROKEN)
def test_broken_wrapper_fails(
    test: str, key: str, service: type[Service], caplog: pytest.LogCaptureFixture
) -> None:
    example = replace(CALLS[key], name=key)
    more = [caplog] if test.startswith("secrets") else []
    with workbench(profile_of(Parcels)) as bench:
        run(test, bench, example, *more)
    with workbench(profile_of(service)) as bench, pytest.raises(FAILURES):
        run(test, bench, example, *more)


@pytest.mark.parametrize("service", [SwallowsErrors, configured(request_id_header="")])
@pytest.mark.parametrize("status", [400, 404, 409])
def test_wrapper_that_hides_a_refusal_fails(service: type[Service], status: int) -> None:
    with workbench(profile_of(service)) as bench, pytest.raises(FAILURES):
        run("refusal_is_raised_as_an_error", bench, CALLS["status"], status)


def test_wrapper_that_reads_no_environment_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = profile_of(configured(auth=NoAuth()))
    with pytest.raises(pytest.fail.Exception):
        ServiceContract().test_missing_variables_are_reported_together(profile, monkeypatch)


def test_payment_that_accepts_a_fallback_fails() -> None:
    example = replace(CALLS["refund"], payment=variant(REFUND, moves_money=False))
    with workbench(profile_of(Parcels)) as bench:
        bench.succeed(example)
        with pytest.raises(FAILURES):
            run("fallback_refused_for_payments", bench, example)


PAGINGS: list[Paging] = [
    Cursor(next_at="meta.next"), LastId(more=""), Offset(), Offset(more="has_more"),
    PageNumber(first=0), PageNumber(more="has_more"), NextUrl(), LinkHeader(items="data"),
]  # fmt: skip


def paged(paging: Paging) -> type[Parcels]:
    def list_parcels_all(
        self: Parcels, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        query = {"limit": limit}
        return paginate(self, LIST, paging, query=query, max_items=max_items, options=options)

    return type("Paged", (Parcels,), {"list_parcels_all": list_parcels_all})


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_every_paging_is_told_from_the_others(paging: Paging) -> None:
    example = CALLS["list_parcels"]
    assert example.pages is not None
    example = replace(example, pages=ExamplePages(example.pages.call, paging))
    for other in PAGINGS:
        with workbench(profile_of(paged(other))) as bench:
            if other == paging:
                run("list_is_read_page_by_page", bench, example)
            else:
                with pytest.raises(FAILURES):
                    run("list_is_read_page_by_page", bench, example)


def test_list_that_is_the_whole_answer_needs_no_member() -> None:
    bare = variant(LIST, returns=list[Parcel])

    class Bare(Parcels):
        def list_parcels_all(
            self, *, limit: int, max_items: int | None = None, options: Options = None
        ) -> AsyncIterator[Any]:
            query = {"limit": limit}
            return paginate(self, bare, LinkHeader(), query=query, max_items=max_items,
                            options=options)  # fmt: skip

    example = CALLS["list_parcels"]
    assert example.pages is not None
    pages = ExamplePages(example.pages.call, LinkHeader(), item=CALLS["create_parcel"].answer)
    with workbench(profile_of(Bare)) as bench:
        run("list_is_read_page_by_page", bench, replace(example, answer=[], pages=pages))


TOKEN_AUTH = OAuth2ClientCredentials(
    "https://auth.parcels.test/token", env("PARCELS_ID"), env("PARCELS_SECRET")
)
SIGN_INS: list[tuple[Auth, dict[str, Any]]] = [
    (
        Basic(env("PARCELS_ID"), env("PARCELS_SECRET")),
        {"authorization": "Basic {PARCELS_ID}:{PARCELS_SECRET}"},
    ),
    (TOKEN_AUTH, {"authorization": "Bearer issued", "token_paths": ["/token"]}),
    (
        All(ApiKeyQuery("id", env("PARCELS_ID")), ApiKeyHeader("X-Key", env("PARCELS_SECRET"))),
        {"authorization": "", "query": {"id": "{PARCELS_ID}"},
         "headers": {"X-Key": "{PARCELS_SECRET}", "Parcels-Version": "2"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("auth", "facts"), SIGN_INS)
@pytest.mark.parametrize("key", CALLS)
def test_every_way_to_sign_in_is_checked(auth: Auth, facts: dict[str, Any], key: str) -> None:
    secrets = ["PARCELS_ID", "PARCELS_SECRET"]
    profile = profile_of(configured(auth=auth), secrets=secrets, **facts)
    for test in ("request_and_answer", "credentials_come_from_the_environment"):
        with workbench(profile) as bench:
            run(test, bench, replace(CALLS[key], name=key))
    with workbench(profile) as bench:
        run("refusal_is_raised_as_an_error", bench, CALLS[key], 401)


def test_placeholders_stand_for_values_of_the_environment() -> None:
    class Accounts(Parcels):
        async def status(self, *, options: Options = None) -> JSON:
            account = env("PARCELS_TOKEN").read().reveal()
            operation = variant(STATUS, method="PUT", path="/v1/{account}", body="json")
            return await self.call(
                operation, path={"account": account}, body={"by": [account]}, options=options
            )

    example = replace(
        CALLS["status"],
        request="PUT /v1/{PARCELS_TOKEN}", json={"by": ["{PARCELS_TOKEN}"]}, name="status",
    )  # fmt: skip
    with workbench(profile_of(Accounts)) as bench:
        run("request_and_answer", bench, example)


def test_tests_without_a_row_are_not_collected() -> None:
    class Small(ServiceContract):
        calls = {"status": CALLS["status"]}  # noqa: RUF012

    assert Small.test_request_and_answer is not None
    for name in ("content_is_read_piece_by_piece", "list_is_read_page_by_page",
                 "fallback_refused_for_payments", "optional_members_may_be_missing"):  # fmt: skip
        assert getattr(Small, f"test_{name}") is None
        assert getattr(TestParcels, f"test_{name}") is not None


def test_only_the_contract_imports_pytest() -> None:
    code = "import sys, noctule.runtime.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
