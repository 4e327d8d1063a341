"""A text with placeholders in braces: the bytes a provider signs, or the answer it expects."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.source import Source

WORDS = frozenset({"body", "timestamp", "id", "method", "url", "sorted_form"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

Part = bytes | str | Source


@dataclass(frozen=True, slots=True)
class Template:
    """Parts in order: literal bytes, a word of `WORDS`, or a source."""

    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        parts: list[Part] = []
        for index, piece in enumerate(_PLACEHOLDER.split(text)):
            if index % 2:
                parts.append(piece if piece in WORDS else Source.parse(piece))
            elif "{" in piece or "}" in piece:
                raise InvalidScheme(f"a brace is left open in {text!r}")
            elif piece:
                parts.append(piece.encode())
        return cls(tuple(parts))

    def __contains__(self, part: Part) -> bool:
        return part in self.parts

    def render(self, value: Callable[[str | Source], bytes]) -> bytes:
        """The bytes, each placeholder replaced by `value(placeholder)`."""
        return b"".join(part if isinstance(part, bytes) else value(part) for part in self.parts)
