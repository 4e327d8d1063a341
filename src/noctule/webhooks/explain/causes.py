"""A cause of a rejection. Its texts are in the catalogue `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from noctule.messages import Language

OTHER = "other"
"""The catalogue's texts for a cause without its own: a reason that names itself."""


@dataclass(frozen=True)
class Cause:
    """Why a delivery was rejected.

    `key` is for machines, `place` names what to check. `certain` means that the signature is right
    once this is undone. `detail` never contains a secret or a part of the body.
    """

    key: str
    place: str
    detail: str = ""
    certain: bool = False

    def why(self, language: Language = "en") -> str:
        """What happened."""
        return self._text(language, "")

    def fix(self, language: Language = "en") -> str:
        """What to do about it."""
        return self._text(language, "next")

    def _text(self, language: Language, kind: Literal["", "next"]) -> str:
        from noctule.messages import catalog, say  # receivers record causes and never print them

        name = self.key if self.key in catalog("explain") else OTHER
        detail = self.detail or "—"
        return say(language, f"explain.{name}", kind, key=self.key, place=self.place, detail=detail)
