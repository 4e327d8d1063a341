"""What the fake provider finds wrong with a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from noctule.messages import say

if TYPE_CHECKING:
    from noctule.messages import Language

FindingKind = Literal[
    "no_operation", "host",
    "credential_missing", "credential_extra", "credential_public", "credential_elsewhere", "scope",
    "accept", "content_type", "part_type", "part_header", "body",
    "missing", "undeclared", "style", "value", "not_sent", "altered", "unread", "pages",
]  # fmt: skip
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
STATUSES: dict[FindingKind, int] = {
    "no_operation": 404, "host": 421, "credential_missing": 401, "scope": 403, "accept": 406,
    "content_type": 415,
}  # fmt: skip
"""What a provider answers; 400 to all others."""


@dataclass(frozen=True, slots=True)
class RequestFinding:
    """One difference between a request and the document. No value of the request is in it, since
    findings are shown and logged."""

    kind: FindingKind
    operation: str
    """Key in the document; method and path of the request where there is none."""
    sent: str
    documented: str
    pointer: str
    """JSON pointer to the place in the document."""

    @property
    def status(self) -> int:
        return STATUSES.get(self.kind, 400)

    def text(self, language: Language) -> str:
        return say(
            language,
            f"sandbox.finding_{self.kind}",
            operation=self.operation,
            sent=self.sent,
            documented=self.documented,
            pointer=self.pointer,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "operation": self.operation,
            "sent": self.sent,
            "documented": self.documented,
            "pointer": self.pointer,
            "en": self.text("en"),
            "fr": self.text("fr"),
        }
