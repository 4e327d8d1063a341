"""The repr of a model: redacted, and short whatever was received, since reprs end up in logs."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import msgspec

from noctule.runtime.decoding.incomplete import misfits_of
from noctule.runtime.redaction import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LENGTH = 4096
"""Characters; what follows is written as `…`."""
MAX_DEPTH = 20


def short_repr(model: msgspec.Struct) -> str:
    """`Item(id='i_1', client_secret='[redacted]')`."""
    writer = _Writer()
    writer.write(model, 0)
    return REDACTOR.text("".join(writer.parts))


class _Writer:
    """Writes until `MAX_LENGTH` is used up, and looks at nothing behind it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._left = MAX_LENGTH

    def write(self, value: Any, depth: int) -> None:
        if depth > MAX_DEPTH or self._left <= 0:
            self._add("…")
        elif isinstance(value, str | bytes) and len(value) > self._left:
            text = value if isinstance(value, str) else value.decode("latin-1")
            self._add(repr(REDACTOR.beginning(text, self._left) + "…"))
        elif isinstance(value, msgspec.Struct):
            names = value.__struct_fields__
            misfits = misfits_of(value)
            members = (
                (f"{name}=", misfits[name] if name in misfits else getattr(value, name))
                for name in names
            )
            kept = getattr(value, "__dict__", {}).get("extra")
            beyond = [("extra=", kept)] if kept else []
            self._series(f"{type(value).__name__}(", chain(members, beyond), ")", depth)
        elif type(value) is list:
            items = cast("list[object]", value)
            self._series("[", (("", item) for item in items), "]", depth)
        elif type(value) is dict:
            named = cast("dict[object, object]", value).items()
            self._series("{", ((f"{name!r}: ", item) for name, item in named), "}", depth)
        else:
            text = repr(value)
            self._add(text if len(text) <= self._left else "…")

    def _series(self, start: str, items: Iterable[tuple[str, Any]], end: str, depth: int) -> None:
        self._add(start)
        comma = ""
        for name, item in items:
            if self._left <= len(name):
                self._add(f"{comma}…")
                break
            self._add(f"{comma}{name}")
            self.write(item, depth + 1)
            comma = ", "
        self._add(end)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self._left -= len(text)
