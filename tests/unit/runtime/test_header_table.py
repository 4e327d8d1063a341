"""What providers say in headers, and what the runtime does with it: one test for each row of
`tests/data/headers.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.providers import pack as pack_of
from noctule.runtime import CallOptions, Policies, RateLimited, RateLimitHeaders, ServiceError
from noctule.runtime.testing.clocks import START
from support.header_table import HeaderRow, rows
from support.runtime_calling import DOWNLOAD, READ

if TYPE_CHECKING:
    from support.runtime_calling import MakeShop, Shop

ROWS = rows()
ONCE = CallOptions(attempts=1)
IMPATIENT = CallOptions(attempts=1, deadline=0.001)
"""A call under these waits for nothing: it says how long it would have had to."""


def test_the_table_is_long_and_its_clock_is_the_tests() -> None:
    assert len(ROWS) >= 60
    assert START == 1_800_000_000
    assert len({row.who for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.who)
def test_what_a_response_says_is_obeyed(make_shop: MakeShop, row: HeaderRow) -> None:
    shop = make_shop(rate_limit=limits_of(row.pack))
    shop.provider.replies(row.status, headers=row.headers, content=row.body.encode())
    error = call(shop, READ, ONCE)
    retry_after = getattr(error, "retry_after", None)
    assert retry_after == pytest.approx(row.waits)
    if row.status >= 400:
        assert type(error).__name__ == (row.error or default_error(row.status))
        assert error is not None
        assert error.provider_code == row.code
        assert (error.problem.title if error.problem else None) == row.problem
    assert shop.events_named("deprecated") == events(row)
    assert held(shop, READ) == pytest.approx(max(row.holds, row.holds_operation))
    assert held(shop, DOWNLOAD) == pytest.approx(row.holds)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.waits and row.waits <= 60 and row.error != "Forbidden"],
    ids=lambda row: row.who,
)
def test_a_retry_waits_as_long_as_asked(make_shop: MakeShop, row: HeaderRow) -> None:
    """And up to a tenth longer, but no shorter than our own first wait; the cooldown is over by
    then, too."""
    shop = make_shop(rate_limit=limits_of(row.pack), policies=Policies(deadline=200))
    shop.provider.replies(row.status, headers=row.headers, content=row.body.encode())
    shop.provider.replies(json={"id": "i1"})
    shop.call(READ, path={"id": "i1"})
    assert row.waits is not None
    assert max(row.waits, 1.0) <= shop.clock.monotonic() <= max(1.21 * row.waits, 1.25)


def limits_of(pack: str) -> RateLimitHeaders | None:
    if not pack:
        return None
    limit = pack_of(pack).rate_limit
    assert limit is not None
    return RateLimitHeaders(
        limit.remaining_header,
        limit.reset_header,
        limit.reset_kind,
        limit.statuses,
        limit.phrases,
    )


def call(shop: Shop, operation: Any, options: CallOptions) -> ServiceError | None:
    try:
        shop.call(operation, path={"id": "i1"}, options=options)
    except ServiceError as error:
        return error
    return None


def held(shop: Shop, operation: Any) -> float:
    """Seconds that a call of `operation` would have to wait now; nothing was sent then."""
    shop.provider.replies(content=b"{}")
    before = shop.sent
    error = call(shop, operation, IMPATIENT)
    if not isinstance(error, RateLimited):
        assert shop.sent == before + 1
        return 0
    assert shop.sent == before
    return error.retry_after or 0


def default_error(status: int) -> str:
    return "RateLimited" if status == 429 else "ServerError"


def events(row: HeaderRow) -> list[dict[str, str | None]]:
    nothing: dict[str, str | None] = {"header": None, "date": None, "sunset": None, "link": None}
    return [nothing | row.deprecated] if row.deprecated else []
