"""Where in a delivery a value is read: `header:NAME[:ITEM]`, `query:NAME`, `body:PATH`,
`form:NAME`, `claim:NAME` or `jose:NAME` of a signed token, `parameter:NAME` of a signature."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeGuard, get_args

from noctule.webhooks.errors import InvalidScheme

LocatorKind = Literal["header", "query", "body", "form", "claim", "jose", "parameter"]


class Locator(NamedTuple):
    """One position in a delivery.

    `name` is a header in lower case, a query parameter, a form field, a claim, a parameter of an
    HTTP message signature, or a dotted path in the body. `item` names one of the items of a header.
    """

    kind: LocatorKind
    name: str
    item: str = ""

    @classmethod
    def parse(cls, text: str) -> "Locator":
        """Raises InvalidScheme."""
        kind, colon, name = text.strip().partition(":")
        if not _is_kind(kind) or not colon or (kind != "body" and not name):
            raise InvalidScheme(
                f"{text!r} is not a locator: use header:NAME, query:NAME or body:PATH"
            )
        item = ""
        if kind == "header":
            name, _, item = name.partition(":")
            name = name.lower()
            if not name.isascii():
                raise InvalidScheme(f"{text!r}: header names are ASCII")
        return cls(kind, name, item)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + (f":{self.item}" if self.item else "")


@dataclass(frozen=True, slots=True)
class Locators:
    """Alternatives in order of preference; in each, every locator must have a value."""

    alternatives: tuple[tuple[Locator, ...], ...] = ()

    @classmethod
    def parse(cls, value: str | Sequence[str]) -> "Locators":
        """Raises InvalidScheme."""
        texts = [value] if isinstance(value, str) else value
        return cls(tuple(tuple(Locator.parse(p) for p in text.split(" + ")) for text in texts))

    def __iter__(self) -> Iterator[tuple[Locator, ...]]:
        return iter(self.alternatives)


def _is_kind(text: str) -> TypeGuard[LocatorKind]:
    return text in get_args(LocatorKind)
