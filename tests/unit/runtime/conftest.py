from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime.redaction import KNOWN
from support.runtime_calling import MakeShop, Shop, config

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["async", "sync"])
def make_shop(request: pytest.FixtureRequest) -> Iterator[MakeShop]:
    shops: list[Shop] = []

    def make(**settings: Any) -> Shop:
        shops.append(Shop(sync=request.param == "sync", config=config(**settings)))
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test made secret would be masked in the texts of the next."""
    for name, empty in (("_pinned", {}), ("_recent", {}), ("_longest_first", ())):
        monkeypatch.setattr(KNOWN, name, empty)
