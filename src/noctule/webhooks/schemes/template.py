"""A text with placeholders in braces: the bytes that a provider signs, or the reply it expects."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.schemes.locator import Locator

PLACEHOLDERS = frozenset(
    {"body", "timestamp", "id", "method", "url", "uri", "path", "encoded_path", "sorted_form",
     "secret", "crc32", "sha256", "listed_headers", "sns", "token", "signature_base"}
)  # fmt: skip
_BRACES = re.compile(r"\{([^{}]*)\}")


class OptionalLocator(NamedTuple):
    """`{LOCATOR?}`: the value there, or nothing if it is absent."""

    locator: Locator


class Mac(NamedTuple):
    """`{mac:LOCATOR}`: the signature of the value there, made with the scheme's key."""

    locator: Locator


class Setting(NamedTuple):
    """`{setting:NAME}`: a value from the operator's configuration."""

    name: str


Placeholder = str | Locator | OptionalLocator | Mac | Setting


@dataclass(frozen=True)
class Template:
    """Parts in order: literal bytes, or placeholders (a name in `PLACEHOLDERS` among them)."""

    parts: tuple[bytes | Placeholder, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Raises InvalidScheme."""
        parts: list[bytes | Placeholder] = []
        for index, piece in enumerate(_BRACES.split(text)):
            if index % 2:
                parts.append(_placeholder(piece))
            elif "{" in piece or "}" in piece:
                raise InvalidScheme(f"unbalanced brace in {text!r}")
            elif piece:
                parts.append(piece.encode())
        return cls(tuple(parts))

    def __contains__(self, part: bytes | Placeholder) -> bool:
        return part in self.parts

    @property
    def locators(self) -> Iterator[Locator]:
        """Every position that it reads."""
        for part in self.parts:
            if isinstance(part, Locator):
                yield part
            elif isinstance(part, OptionalLocator | Mac):
                yield part.locator

    @property
    def settings(self) -> Iterator[str]:
        """The names of the settings that it needs."""
        return (part.name for part in self.parts if isinstance(part, Setting))

    @cached_property
    def is_plain(self) -> bool:
        """Whether it has no other placeholders than the time and the body, as most have not."""
        return all(isinstance(p, bytes) or p in ("timestamp", "body") for p in self.parts)

    def plain(self, timestamp: bytes, body: bytes) -> bytes:
        """The bytes of a plain template."""
        return b"".join(
            [p if isinstance(p, bytes) else body if p == "body" else timestamp for p in self.parts]
        )

    def render(self, value_of: Callable[[Placeholder], bytes]) -> bytes:
        """The bytes, each placeholder replaced by `value_of(placeholder)`."""
        return b"".join(
            [part if isinstance(part, bytes) else value_of(part) for part in self.parts]
        )


def _placeholder(text: str) -> Placeholder:
    if text in PLACEHOLDERS:
        return text
    kind, _, rest = text.partition(":")
    if kind == "mac":
        return Mac(Locator.parse(rest))
    if kind == "setting" and rest:
        return Setting(rest)
    return OptionalLocator(Locator.parse(text[:-1])) if text.endswith("?") else Locator.parse(text)
