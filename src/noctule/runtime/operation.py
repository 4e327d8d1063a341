"""One call that a provider offers, described once and typed by what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

T = TypeVar("T")

BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch"]
RetryMode = Literal["idempotent", "with_key", "never"]
Style = Literal[
    "form",
    "form-explode",
    "deepObject",
    "spaceDelimited",
    "pipeDelimited",
    "brackets",
    "simple",
    "simple-explode",
    "label",
    "label-explode",
    "matrix",
    "matrix-explode",
    "reserved",
]
"""The first six are for queries and forms (`encoding.pairs`), the others for paths
(`encoding.path`)."""

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Sending one of these twice has the effect of sending it once (RFC 9110, 9.2.2)."""


class OperationDetails(TypedDict, total=False):
    """What most operations leave at its default."""

    body: BodyKind | None
    """How the request body is written; None when there is none."""
    retry: RetryMode
    """When it may be sent a second time. "idempotent": always. "with_key": under the service's
    idempotency header. "never": only when the first one provably did not arrive. By default,
    idempotent methods are safe, POST and PATCH are never replayed."""
    styles: Mapping[str, Style]
    """Wire name of a parameter -> how it is written, where that is not the default."""
    moves_money: bool
    """Refuses every fallback."""
    accepts: str
    """The Accept header."""
    content_type: str
    """What the body is called on the wire, where its kind does not say it: "image/png"."""


@dataclass(frozen=True, init=False, eq=False)
class Operation(Generic[T]):
    """`Operation("retrieve_item", "GET", "/v1/items/{id}", returns=Item)`.

    `returns` is a Model, `list[Model]`, `JSON`, `bytes`, `str` or None (the body is ignored).
    """

    name: str
    method: str
    path: str
    returns: Any
    body: BodyKind | None
    retry: RetryMode
    styles: Mapping[str, Style]
    moves_money: bool
    accepts: str
    content_type: str

    @overload
    def __init__(
        self: Operation[None],
        name: str,
        method: str,
        path: str,
        *,
        returns: None,
        **details: Unpack[OperationDetails],
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        method: str,
        path: str,
        *,
        returns: type[T],
        **details: Unpack[OperationDetails],
    ) -> None: ...

    @overload
    def __init__(
        self: Operation[Any],
        name: str,
        method: str,
        path: str,
        *,
        returns: object,
        **details: Unpack[OperationDetails],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        method: str,
        path: str,
        *,
        returns: object,
        **details: Unpack[OperationDetails],
    ) -> None:
        values: dict[str, object] = {
            "name": name,
            "method": method,
            "path": path,
            "returns": returns,
            "body": None,
            "retry": "idempotent" if method in IDEMPOTENT_METHODS else "never",
            "styles": {},
            "moves_money": False,
            "accepts": "*/*" if returns in (bytes, str, None) else "application/json",
            "content_type": "",
            **details,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @property
    def writes(self) -> bool:
        """Whether the provider may have done something once it saw the request."""
        return self.method not in ("GET", "HEAD", "OPTIONS")
