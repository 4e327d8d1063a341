"""Which tests of a contract pytest collects: those that the table of calls has a row for."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from noctule.runtime.testing.contract.workbench import Workbench, workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from noctule.runtime.testing.contract.example import ExampleCall, ServiceProfile

ROWS: Mapping[str, Callable[[ExampleCall[Any]], bool]] = {
    "example": lambda _: True,
    "json_example": lambda example: example.answer is not None,
    "sparse_example": lambda example: example.least is not None,
    "paged_example": lambda example: example.pages is not None,
    "streamed_example": lambda example: example.stream is not None,
    "digest_example": lambda example: bool(example.digest),
    "payment_example": lambda example: example.payment is not None,
}
"""Name of a test's parameter -> the rows that the test runs for."""


class Contract:
    """The base of the contracts. A subclass named `Test...` gives `calls`, and the module, class
    or conftest a fixture `profile` that returns a `ServiceProfile`.

    A test whose parameter no row fits is not collected, rather than skipped.
    """

    calls: ClassVar[Mapping[str, ExampleCall[Any]]] = {}
    """Operation name -> its example call."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.calls:
            return
        for name, test in inspect.getmembers(cls, inspect.isfunction):
            if name.startswith("test") and any(not rows for rows in cls._rows(test).values()):
                setattr(cls, name, None)

    @classmethod
    def _rows(cls, test: Any) -> dict[str, list[ExampleCall[Any]]]:
        """The parameters of the test that stand for rows, and those rows."""
        return {
            name: [replace(row, name=key) for key, row in cls.calls.items() if ROWS[name](row)]
            for name in inspect.signature(test).parameters
            if name in ROWS
        }

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each row that its parameter asks for."""
        for name, rows in cls._rows(metafunc.function).items():
            metafunc.parametrize(name, rows, ids=[row.name for row in rows])

    @pytest.fixture
    def bench(self, profile: ServiceProfile) -> Iterator[Workbench]:
        """A new service for each test."""
        with workbench(profile) as bench:
            yield bench
