"""The answers that a document has for an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from noctule.sandbox.stated.bodies import StatedMedia

AnswerKind = Literal["other_success", "other_media_type", "redirect", "not_modified"]
ANSWER_KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)


@dataclass(frozen=True, slots=True)
class DocumentedAnswer:
    """One answer beside the usual one; `media` is None where it has no body."""

    kind: AnswerKind
    status: int
    media: StatedMedia | None
    pointer: str

    @property
    def media_type(self) -> str:
        return self.media.type if self.media is not None else ""
