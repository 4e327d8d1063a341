"""Faults that can be injected, as data; `fault_injection` sends them.

Two questions matter: how the response fails (`kind`), and whether the provider had done its work
before (`committed`). A response that is lost after a charge is
`Fault(kind="reset", committed=True)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal[
    # The connection.
    "refuse",
    "reset_on_accept",
    "reset",
    "close",
    "hang",
    "stall",
    "latency",
    "drip",
    "truncated",
    "garbage",
    "garbage_body",
    # The response.
    "status",
    "refused_in_200",
    "redirect_loop",
    "oversized_header",
    "wrong_content_type",
    "invalid_json",
    "empty_body",
    # The fields of a good response.
    "missing_field",
    "null_field",
    "wrong_type",
    "new_enum_value",
    "extra_field",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_BEFORE_THE_REQUEST = frozenset({"refuse", "reset_on_accept"})
_INSTEAD_OF_THE_RESPONSE = frozenset(
    {"reset", "close", "hang", "garbage", "status", "refused_in_200", "redirect_loop"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, for `times` requests of one operation.

    Raises ValueError for a kind that does not exist.
    """

    kind: Kind
    operation: str = ""
    """Key in the document ("POST /v1/customers"); "" is every operation. "refuse" and
    "reset_on_accept" happen before a request is read, so they ignore it."""
    times: int | None = 1
    """Requests (connections, for "reset_on_accept") that it affects; None: all until `clear`, as
    for "refuse" in any case."""
    after: int = 0
    """Requests before the first one that it affects."""
    lasts: float | None = None
    """Seconds from the first request that it affects; None: however long."""
    committed: bool = False
    """The provider did its work first: the effect is in the ledger. Kinds that change a good
    response ("truncated", "invalid_json", a field …) always do."""
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    code: str = ""
    """For "refused_in_200": the error code in the body."""
    body: str | None = None
    """Text sent instead of the documented error body."""
    seconds: float = 0.05
    """For "latency", and between two bytes for "drip"."""
    field: str = ""
    """For the kinds about fields: the property to change; "" picks one."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; valid faults: {', '.join(KINDS)}")

    @property
    def before_the_request(self) -> bool:
        return self.kind in _BEFORE_THE_REQUEST

    @property
    def silent(self) -> bool:
        """No status ever reaches the client."""
        return self.kind in {"reset", "close", "hang", "garbage"} or self.before_the_request

    @property
    def needs_the_response(self) -> bool:
        """Whether the request is performed first, with its effect."""
        return self.committed or self.kind not in _INSTEAD_OF_THE_RESPONSE


class Schedule:
    """The faults that are still to happen, in the order in which they were injected."""

    def __init__(self) -> None:
        self._pending: list[_Pending] = []

    def add(self, faults: Iterable[Fault]) -> None:
        self._pending += [_Pending(fault, fault.after, fault.times) for fault in faults]

    def clear(self) -> None:
        self._pending.clear()

    def on_connection(self) -> Fault | None:
        """The fault for a connection that was just accepted."""
        return self._next([entry for entry in self._pending if entry.fault.before_the_request])

    def on_request(self, operation: str) -> Fault | None:
        """The fault for a request of `operation`."""
        return self._next(
            [
                entry
                for entry in self._pending
                if not entry.fault.before_the_request and entry.fault.operation in {"", operation}
            ]
        )

    def _next(self, matching: list[_Pending]) -> Fault | None:
        for entry in matching:
            if entry.spare > 0:
                entry.spare -= 1
                return None
            if entry.is_over(monotonic()):
                self._pending.remove(entry)
                continue
            if entry.left is None:
                return entry.fault
            entry.left -= 1
            if entry.left == 0:
                self._pending.remove(entry)
            return entry.fault
        return None


@dataclass(slots=True, eq=False)
class _Pending:
    fault: Fault
    spare: int
    left: int | None
    began: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether its time is over, which begins with the first question."""
        self.began = now if self.began is None else self.began
        return self.fault.lasts is not None and now > self.began + self.fault.lasts
