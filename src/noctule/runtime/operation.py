"""An operation of a provider, declared once and typed by its result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar, get_args, overload

from noctule.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

T = TypeVar("T")

BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch", "lines"]
RetryMode = Literal["idempotent", "with_key", "never"]
Style = Literal[
    "form",
    "form-explode",
    "deepObject",
    "spaceDelimited",
    "pipeDelimited",
    "tabDelimited",
    "brackets",
    "simple",
    "simple-explode",
    "label",
    "label-explode",
    "matrix",
    "matrix-explode",
    "reserved",
    "json",
]
"""The first seven are for queries and forms (`encoding.query`), the others for paths
(`encoding.path`); `reserved` is for both, `json` also for headers."""

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Sending such a request twice has the effect of sending it once (RFC 9110, 9.2.2)."""


READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Such a request asks for nothing but an answer (RFC 9110, 9.2.1)."""


class OperationDetails(TypedDict, total=False):
    """The details of an operation, which mostly have their defaults."""

    body: BodyKind | None
    """How the request body is encoded; None when there is none."""
    retry: RetryMode
    """When the request may be sent a second time. "idempotent": always, the default of idempotent
    methods. "with_key": under the service's idempotency header. "never": only when it is certain
    that the first one did nothing, the default of POST and PATCH."""
    reads: bool
    """It changes nothing although its method is POST: a search, a query. It may be repeated, and
    never ends in `OutcomeUnknown`."""
    styles: Mapping[str, Style]
    """Wire name of a parameter -> its style, where that is not the default."""
    moves_money: bool
    """It takes no fallback."""
    accepts: str
    """The Accept header."""
    content_type: str
    """The Content-Type of the body, where it does not follow from its kind: "image/png"."""
    server: str
    """Where it is, if not at the base URL: a name in `ServiceConfig.servers`."""
    auth: str
    """Who may call it, if not whoever has the service's own credentials: a name in
    `ServiceConfig.schemes`, or "none" for an operation that gets no credentials."""
    parts: Mapping[str, str]
    """Wire name -> media type of the parts of a multipart body, where the document names it."""
    also: Mapping[int, Any]
    """Status -> type of a success that is documented with another content than `returns`; None
    where it has none, or may have none (202, 204, a 304 to a condition of the caller)."""
    nulls: bool
    """The caller writes the JSON body as a whole, so a None in it is null. By default its members
    are arguments, and one that is None is left out."""
    optional_body: bool
    """Where no member of the body is given, none is sent; by default it is an empty one."""


@dataclass(frozen=True, init=False, eq=False)
class Operation(Generic[T]):
    """`Operation("retrieve_item", "GET", "/v1/items/{id}", returns=Item)`.

    `returns` is a Model, `list[Model]`, `JSON`, `bytes`, `str` or None (the body is ignored).
    Raises `ConfigurationError` for a detail that does not exist, and for a value that it cannot
    have.
    """

    name: str
    method: str
    path: str
    returns: Any
    body: BodyKind | None
    retry: RetryMode
    reads: bool
    styles: Mapping[str, Style]
    moves_money: bool
    accepts: str
    content_type: str
    server: str
    auth: str
    parts: Mapping[str, str]
    also: Mapping[int, Any]
    nulls: bool
    optional_body: bool

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
        reads = method in READ_METHODS or details.get("reads", False)
        values: dict[str, object] = {
            "name": name,
            "method": method,
            "path": path,
            "returns": returns,
            "body": None,
            "retry": "idempotent" if reads or method in IDEMPOTENT_METHODS else "never",
            "reads": reads,
            "styles": {},
            "moves_money": False,
            "accepts": "*/*" if returns in (bytes, str, None) else "application/json",
            "content_type": "",
            "server": "",
            "auth": "",
            "parts": {},
            "also": {},
            "nulls": False,
            "optional_body": False,
            **details,
        }
        _check(values)
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @property
    def writes(self) -> bool:
        """Whether the request may have an effect at the provider."""
        return not self.reads


_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_CHOICES: dict[str, tuple[object, ...]] = {
    "body": (*get_args(BodyKind), None),
    "retry": get_args(RetryMode),
}


def _check(values: Mapping[str, Any]) -> None:
    where = f"Operation({values['name']!r})"
    details = OperationDetails.__annotations__
    unknown = [name for name in values if name not in Operation.__dataclass_fields__]
    if unknown:
        raise ConfigurationError(
            f"{where}: unknown detail {unknown[0]!r}; the details are {', '.join(details)}"
        )
    if not _METHOD.fullmatch(str(values["method"])):
        # RFC 9110, 9.1: the method is case-sensitive.
        raise ConfigurationError(f"{where}: the method is written in capitals, such as 'GET'")
    chosen = [(name, values[name], choices) for name, choices in _CHOICES.items()]
    styles = values["styles"].items()
    chosen += [(f"the style of {name!r}", style, get_args(Style)) for name, style in styles]
    for name, value, choices in chosen:
        if value not in choices:
            known = ", ".join(map(repr, choices))
            raise ConfigurationError(f"{where}: {name} is {value!r}; choose one of {known}")
