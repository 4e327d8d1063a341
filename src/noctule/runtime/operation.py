"""One call that a provider offers, described once and typed by what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch"]
Replay = Literal["safe", "keyed", "never"]
Style = Literal[
    "form", "form-explode", "deepObject", "spaceDelimited", "pipeDelimited", "brackets"
]

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Sending one of these twice has the effect of sending it once (RFC 9110, 9.2.2)."""


@dataclass(frozen=True, init=False)
class Operation(Generic[T]):
    """`Operation("retrieve", "GET", "/v1/items/{id}", returns=Item)`.

    `returns` is a Model, `list[Model]`, `JSON`, `bytes`, `str` or None (the body is ignored).
    `replay` says when it may be sent a second time: "safe" always, "keyed" under the service's
    idempotency header, "never" only when the first one provably did not arrive. By default it
    follows the method: idempotent methods are safe, POST and PATCH are never replayed.
    `styles` maps a parameter's wire name to how it is written, where that is not the default.
    `accepts` is the Accept header.
    """

    name: str
    method: str
    path: str
    returns: type[T]
    body: BodyKind | None
    replay: Replay
    styles: Mapping[str, Style] = field(hash=False)
    moves_money: bool
    accepts: str

    def __init__(
        self,
        name: str,
        method: str,
        path: str,
        *,
        returns: type[T],
        body: BodyKind | None = None,
        replay: Replay | None = None,
        styles: Mapping[str, Style] | None = None,
        moves_money: bool = False,
        accepts: str | None = None,
    ) -> None:
        if replay is None:
            replay = "safe" if method in IDEMPOTENT_METHODS else "never"
        values: dict[str, Any] = {
            "name": name,
            "method": method,
            "path": path,
            "returns": returns,
            "body": body,
            "replay": replay,
            "styles": styles or {},
            "moves_money": moves_money,
            "accepts": _accept(returns) if accepts is None else accepts,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)


def _accept(returns: object) -> str:
    return "*/*" if returns in (bytes, str, None) else "application/json"
