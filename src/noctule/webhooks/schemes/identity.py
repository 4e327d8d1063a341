"""What is known of a provider's events and retries: the meaning of `[signature.identity]`.

docs/identity.md says how these facts decide whether two deliveries hold the same event.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.schema import IdentityTable

IdScope = Literal["event", "subscription", "attempt", "shared"]
"""What has an id of its own: an event, an event of one subscription, each attempt to deliver it,
or several events together."""
EqualContent = Literal["same", "bell", "unclear"]
"""What two deliveries with the same content are: the same event, since the content names it; two
notices that something changed; or either."""
RetryShape = Literal["same", "signed_again", "none", "unknown"]
"""How an attempt differs from the one before: not at all, or by a new signature and time."""


class Ground(StrEnum):
    """What shows whether two deliveries hold the same event."""

    ID = "signed id"
    TIME_AND_ID = "signed time, with an id beside it"
    TIME_AND_CONTENT = "signed time, and content that names its event"
    TIME = "signed time alone"
    CONTENT_AND_ID = "signed content, with an id beside it"
    CONTENT = "content that names its event"
    BELL = "a bell: content that says only that something changed"
    NOTHING = "nothing"


@dataclass(frozen=True)
class IdentityFacts:
    """What a provider's ids, contents and retries are worth.

    `retry_seconds` is how long it repeats a delivery; `changes` are the places in the body (in the
    item of a batch) that differ between the attempts of one event.
    """

    id_scope: IdScope
    equal_content: EqualContent
    retry: RetryShape
    retry_seconds: float
    changes: tuple[Locator, ...]
    source: str

    @classmethod
    def of(cls, table: IdentityTable) -> "IdentityFacts":
        """Raises InvalidScheme."""
        return cls(
            id_scope=table.id,
            equal_content=table.equal,
            retry=table.retry,
            retry_seconds=table.hours * 3600.0,
            changes=tuple(map(Locator.parse, table.changes)),
            source=table.source,
        )

    @property
    def id_names_event(self) -> bool:
        """Whether two events never have the same id, and the attempts of one event always do."""
        return self.id_scope in ("event", "subscription")

    def ground(self, *, signed_id: bool, unsigned_id: bool, signed_time: bool) -> Ground:
        """What decides for an event that has a signed id, or none.

        `unsigned_id` is whether the scheme reads an id that is not signed. Whether a delivery
        carries one must not matter: anybody can leave it out.
        """
        if signed_id and self.id_names_event:
            return Ground.ID
        names = unsigned_id and self.id_names_event
        if signed_time:
            if names:
                return Ground.TIME_AND_ID
            return Ground.TIME_AND_CONTENT if self.equal_content == "same" else Ground.TIME
        if self.equal_content == "bell":
            return Ground.BELL
        if names:
            return Ground.CONTENT_AND_ID
        return Ground.CONTENT if self.equal_content == "same" else Ground.NOTHING
