"""A text with placeholders in braces: the bytes a provider signs, or the answer it expects."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.schemes.locator import Source

WORDS = frozenset(
    {"body", "timestamp", "id", "method", "url", "uri", "path", "encoded_path", "sorted_form",
     "secret", "crc32", "sha256", "listed_headers", "sns", "token"}
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Maybe(NamedTuple):
    """`{SOURCE?}`: the value at a source, nothing where it is absent."""

    source: Source


class Mac(NamedTuple):
    """`{mac:SOURCE}`: the signature that the scheme's key gives the value at a source."""

    source: Source


class Setting(NamedTuple):
    """`{setting:WORD}`: a value of the operator's own configuration."""

    word: str


Part = bytes | str | Source | Maybe | Mac | Setting


@dataclass(frozen=True)
class Template:
    """Parts in order: literal bytes, a word of `WORDS`, or something to be read."""

    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        parts: list[Part] = []
        for index, piece in enumerate(_PLACEHOLDER.split(text)):
            if index % 2:
                parts.append(_placeholder(piece))
            elif "{" in piece or "}" in piece:
                raise InvalidScheme(f"a brace is left open in {text!r}")
            elif piece:
                parts.append(piece.encode())
        return cls(tuple(parts))

    def __contains__(self, part: Part) -> bool:
        return part in self.parts

    @property
    def sources(self) -> Iterator[Source]:
        """Every place that it reads."""
        for part in self.parts:
            if isinstance(part, Source):
                yield part
            elif isinstance(part, Maybe | Mac):
                yield part.source

    @property
    def settings(self) -> Iterator[str]:
        return (part.word for part in self.parts if isinstance(part, Setting))

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is literal text, the time and the body, as most are."""
        return all(isinstance(p, bytes) or p in ("timestamp", "body") for p in self.parts)

    def plain(self, stamp: bytes, body: bytes) -> bytes:
        """The bytes of a text that is plain."""
        return b"".join(
            [p if isinstance(p, bytes) else body if p == "body" else stamp for p in self.parts]
        )

    def render(self, value: Callable[[str | Source | Maybe | Mac | Setting], bytes]) -> bytes:
        """The bytes, each placeholder replaced by `value(placeholder)`."""
        return b"".join([part if isinstance(part, bytes) else value(part) for part in self.parts])


def _placeholder(text: str) -> Part:
    if text in WORDS:
        return text
    kind, _, rest = text.partition(":")
    if kind == "mac":
        return Mac(Source.parse(rest))
    if kind == "setting" and rest:
        return Setting(rest)
    return Maybe(Source.parse(text[:-1])) if text.endswith("?") else Source.parse(text)
