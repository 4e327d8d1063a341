"""What differs from method to method: request, answer, retry mode, options, pages, streams."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from noctule.runtime.call.config import CallOptions
from noctule.runtime.errors import FallbackRefused, OutcomeUnknown, ServiceError
from noctule.runtime.fallback.fallback import Value
from noctule.runtime.testing.contract.collection import Contract
from noctule.runtime.testing.contract.paging import two_pages
from noctule.runtime.testing.contract.requests import check_request, expected_query, query_of
from noctule.runtime.testing.received import as_received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.testing.contract.example import ExampleCall
    from noctule.runtime.testing.contract.paging import TwoPages
    from noctule.runtime.testing.contract.workbench import Workbench
    from noctule.runtime.testing.mock_provider import Received

HEADER = "X-Contract"
"""A header that only the options of a call add."""


class CallContract(Contract):
    """One test per promise and row of `calls`; each proves something about that method."""

    def test_request_and_answer(self, bench: Workbench, example: ExampleCall[Any]) -> None:
        """One request as the example says, the whole answer in the result, telemetry under the
        operation's own name, and no contract violation."""
        bench.succeed(example)
        result = bench.call(example)
        assert len(bench.requests) == 1
        check_request(bench, bench.requests[0], example)
        check_result(result, example)
        assert not bench.violations
        assert {event.operation for event in bench.events} == {example.name}
        assert {event.service for event in bench.events} == {bench.profile.name}

    def test_optional_members_may_be_missing(
        self, bench: Workbench, sparse_example: ExampleCall[Any]
    ) -> None:
        """The answer without what is optional is no contract violation."""
        bench.provider.replies(sparse_example.status, json=sparse_example.least)
        result = bench.call(sparse_example)
        assert without_nulls(as_received(result)) == without_nulls(sparse_example.least)
        assert not bench.violations

    def test_server_error_is_retried_only_if_safe(
        self, bench: Workbench, example: ExampleCall[Any]
    ) -> None:
        """After a 500 the call is sent again, under the same idempotency key where it needs one;
        a call that may not be sent twice raises `OutcomeUnknown` after one request."""
        bench.provider.replies(500)
        bench.succeed(example)
        mode = example.retry_mode(bench.profile)
        if mode == "never":
            bench.fail(example, OutcomeUnknown)
            assert len(bench.requests) == 1
            return
        bench.call(example)
        assert len(bench.requests) == 2
        if mode == "with_key":
            header = bench.profile.idempotency_header
            keys = {request.headers.get(header) for request in bench.requests}
            assert len(keys) == 1
            assert keys != {None}

    def test_options_apply_to_one_call(self, bench: Workbench, example: ExampleCall[Any]) -> None:
        """`attempts=1` and a header, given as the options of this call, both count."""
        bench.provider.fails("connect", times=None)
        bench.fail(example, ServiceError, CallOptions(attempts=1, headers={HEADER: "1"}))
        assert len(bench.requests) == 1
        assert bench.requests[0].headers.get(HEADER) == "1"

    def test_list_is_read_page_by_page(
        self, bench: Workbench, paged_example: ExampleCall[Any]
    ) -> None:
        """The iterator asks for the second page as the first one says, with the same filters,
        ends after the last page or `max_items`, and passes its options on."""
        assert paged_example.pages is not None
        pages = two_pages(
            replace(paged_example, request=bench.filled(paged_example.request)),
            paged_example.url or bench.profile.url,
        )
        read = paged_example.pages.call
        bench.provider.replies(json=pages.first, headers=pages.headers)
        bench.provider.replies(json=pages.last)
        items = bench.items(read(bench.service, None, None))
        assert len(items) == pages.count
        assert without_nulls(as_received(items[0])) == without_nulls(pages.item)
        assert len(bench.requests) == 2
        first, second = bench.requests
        _check_pages(bench, paged_example, pages, first, second)
        bench.provider.replies(json=pages.first, headers=pages.headers, times=None)
        options = CallOptions(headers={HEADER: "1"})
        assert len(bench.items(read(bench.service, 1, options))) == 1
        assert bench.requests[-1].headers.get(HEADER) == "1"

    def test_content_is_read_piece_by_piece(
        self, bench: Workbench, streamed_example: ExampleCall[Any]
    ) -> None:
        """The stream holds the whole content, from the same request."""
        assert streamed_example.stream is not None
        bench.succeed(streamed_example)
        pieces = bench.pieces(streamed_example.stream(bench.service))
        assert b"".join(pieces) == streamed_example.content
        check_request(bench, bench.requests[0], streamed_example)

    def test_fallback_refused_for_payments(
        self, bench: Workbench, payment_example: ExampleCall[Any]
    ) -> None:
        """An operation that moves money refuses a fallback before anything is sent."""
        with pytest.raises(FallbackRefused):
            bench.run(bench.service.call(payment_example.payment, fallback=Value(None)))
        assert not bench.requests


def check_result(result: object, example: ExampleCall[Any]) -> None:
    """Assert that the result holds all that the provider answered."""
    if example.content is None:
        assert without_nulls(as_received(result)) == without_nulls(example.answer)
    elif isinstance(result, str):
        assert result == example.content.decode()
    else:
        assert result == example.content


def without_nulls(value: Any) -> Any:
    """JSON without members that are null, which a model cannot tell from missing ones."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {key: without_nulls(member) for key, member in members if member is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in cast("list[object]", value)]
    return value


def _check_pages(
    bench: Workbench,
    example: ExampleCall[Any],
    pages: TwoPages,
    first: Received,
    second: Received,
) -> None:
    """The first request has the filters of the example, the second one asks for the next page."""
    steered = {pages.parameter, *bench.profile.page_parameters}
    asked, filters, again = (
        [pair for pair in pairs if pair[0] not in steered]
        for pairs in (
            query_of(bench, first, example),
            expected_query(bench, example),
            query_of(bench, second, example),
        )
    )
    assert asked == filters
    assert (first.method, first.path) == (second.method, second.path)
    if not pages.parameter:
        assert query_of(bench, second, example) == [("page", pages.value)]
        return
    assert again == filters
    fields: Mapping[str, object] = dict(query_of(bench, second, example))
    if example.form is not None:
        fields = second.form
    elif example.json is not None:
        fields = second.json
    assert str(fields.get(pages.parameter)) == pages.value
