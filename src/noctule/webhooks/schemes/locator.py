"""Where a value is read in a delivery: `header:NAME[:ITEM]`, `query:NAME`, `body:PATH`,
`form:NAME`, and `claim:NAME` or `jose:NAME` of a signed token."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeGuard

from noctule.webhooks.errors import InvalidScheme

Place = Literal["header", "query", "body", "form", "claim", "jose"]


class Source(NamedTuple):
    """One place. `name` is a header in lower case, a parameter, a field, a claim, or a path with
    dots."""

    place: Place
    name: str
    item: str = ""

    @classmethod
    def parse(cls, text: str) -> "Source":
        place, colon, name = text.strip().partition(":")
        if not _is_place(place) or not colon or (place != "body" and not name):
            raise InvalidScheme(f"{text!r} is no source: header:NAME, query:NAME or body:PATH")
        item = ""
        if place == "header":
            name, _, item = name.partition(":")
            name = name.lower()
            if not name.isascii():
                raise InvalidScheme(f"{text!r}: a header's name is ASCII")
        return cls(place, name, item)

    def __str__(self) -> str:
        return f"{self.place}:{self.name}" + (f":{self.item}" if self.item else "")


@dataclass(frozen=True, slots=True)
class Sources:
    """Alternatives in order, each one or more sources that must all be present."""

    alternatives: tuple[tuple[Source, ...], ...] = ()

    @classmethod
    def parse(cls, value: str | Sequence[str]) -> "Sources":
        texts = [value] if isinstance(value, str) else value
        return cls(tuple(tuple(Source.parse(p) for p in text.split(" + ")) for text in texts))

    def __iter__(self) -> Iterator[tuple[Source, ...]]:
        return iter(self.alternatives)


def _is_place(text: str) -> TypeGuard[Place]:
    return text in ("header", "query", "body", "form", "claim", "jose")
