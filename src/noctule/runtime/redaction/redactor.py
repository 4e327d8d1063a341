"""The redactor: masks secrets in texts and structures."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, cast

from noctule.runtime.redaction.cards import is_card_number, mask_cards
from noctule.runtime.redaction.known_secrets import KNOWN, MASK, KnownSecrets
from noctule.runtime.redaction.patterns import is_secret_name, mask_shapes, token_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 32
"""Levels of nesting in a structure; deeper values are masked as a whole."""


MARGIN = 4096
"""Characters that are redacted behind a cut: longer than secrets are."""


class Redactor:
    """Masks known secrets, token shapes, values with the name of a secret, and card numbers.

    `shapes` are regular expressions for the tokens of further providers. Time grows linearly
    with the text.
    """

    def __init__(self, shapes: tuple[str, ...] = (), secrets: KnownSecrets = KNOWN) -> None:
        self._tokens = token_pattern(shapes)
        self._secrets = secrets

    def text(self, text: str) -> str:
        """`text` with every secret in it replaced by `[redacted]`."""
        return mask_cards(mask_shapes(self._secrets.scrub(text), self._tokens))

    def beginning(self, text: str, limit: int) -> str:
        """`text` of the first `limit` characters at most. It is cut after it is redacted,
        so that no secret is cut in two and shown in part."""
        redacted = self.text(text[: limit + MARGIN])
        if len(text) <= limit + MARGIN:
            return redacted[:limit]
        return redacted[: max(0, min(limit, len(redacted) - MARGIN))]

    def data(self, data: bytes) -> bytes:
        """`text` for bytes, in any encoding that extends ASCII."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: Any, depth: int = 0) -> Any:
        """`text` for JSON values, headers and forms. A value with a secret name is masked whole.

        Mappings, lists and tuples are copied; an object of any other type becomes the redacted
        text of its repr.
        """
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            return MASK if is_card_number(str(abs(value))) else value
        if isinstance(value, bytes):
            return self.data(value)
        return self._container(value, depth + 1) if depth < MAX_DEPTH else MASK

    def exception(self, error: BaseException) -> str:
        """The traceback of `error` and its causes, redacted."""
        return self.text("".join(traceback.format_exception(error)))

    def _container(self, value: object, depth: int) -> Any:
        if isinstance(value, Mapping):
            members = cast("Mapping[object, object]", value)
            return {
                self.value(name, depth): MASK
                if _is_secret_name(name) and item is not None
                else self.value(item, depth)
                for name, item in members.items()
            }
        if isinstance(value, list | tuple | AbstractSet):
            items = cast("Iterable[object]", value)
            return [self.value(item, depth) for item in items]
        return self.text(repr(value))


def _is_secret_name(name: object) -> bool:
    decoded = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(decoded, str) and is_secret_name(decoded)


REDACTOR = Redactor()
"""What the runtime itself uses."""


def redact(text: str) -> str:
    """`text` without secrets, as the runtime's own logs and errors are."""
    return REDACTOR.text(text)
