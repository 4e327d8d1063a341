"""What noctule knows about one provider, as data from `packs/<id>.toml`.

Nothing in a pack is executed or secret: it names environment variables, never their values.
docs/providers.md describes the file key by key.
"""

# No `from __future__ import annotations` here: msgspec reads the annotations.
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from noctule.messages import Language
from noctule.problem import Exit, Problem

EnvRole = Literal[
    "api_key", "username", "password", "token", "client_id", "client_secret", "refresh_token",
    "webhook_secret", "public", "webhook_url", "setting",
]  # fmt: skip
AuthKind = Literal[
    "bearer", "basic", "digest", "signed", "api_key_header", "api_key_query",
    "oauth2_client_credentials", "oauth2_refresh_token", "none",
]  # fmt: skip
_PLACE = re.compile(r"(?:header:[\w!#$%&'*+.^`|~-]+|(?!header:)[^:\s]*)", re.ASCII)
PaginationStyle = Literal[
    "last_id", "cursor", "link_header", "next_uri", "offset", "page_number", "page_token",
]  # fmt: skip

AUTH_PARTS: Mapping[AuthKind, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "digest": ("username", "password"),
    "signed": (),
    "api_key_header": ("key",),
    "api_key_query": ("key",),
    "oauth2_client_credentials": ("client_id", "client_secret"),
    "oauth2_refresh_token": ("client_id", "client_secret", "refresh_token"),
    "none": (),
}
"""The credentials each kind of authentication needs: the keys of `AuthFact.env`."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a pack: read-only, without unknown keys."""


class Bilingual(Fact, frozen=True, kw_only=True):
    en: str
    fr: str

    def label(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


class DocumentFacts(Fact, frozen=True, kw_only=True):
    compact: str
    """File name of our own OpenAPI document, next to the pack."""
    official: str
    """Address of the provider's own document, or of its reference pages when it has none."""
    compared: str
    """ISO date on which the compact document was last compared with `compared_with`."""
    compared_with: str
    """What it was compared with: versions of the official document and of an SDK."""


class Environment(Fact, frozen=True, kw_only=True):
    base_url: str
    note_en: str
    note_fr: str
    credential_shape: str = ""
    """Regular expression of the credentials of this environment; "" if all look the same."""

    def note(self, language: Language) -> str:
        """What calls in this environment cost, and how to try the API without harm."""
        return self.note_fr if language == "fr" else self.note_en


class EnvFact(Bilingual, frozen=True, kw_only=True):
    """One environment variable."""

    name: str
    role: EnvRole
    secret: bool = True
    required: bool = True
    shape: str = ""
    """Regular expression of the whole value; "" if unknown."""


class AuthFact(Fact, frozen=True, kw_only=True):
    kind: AuthKind
    env: Mapping[str, str] = {}
    """Part of the credential (see AUTH_PARTS) -> environment variable."""
    header: str = ""
    query: str = ""
    prefix: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    sign: Mapping[str, Any] = {}
    """With the kind "signed": how; docs/request-signing.md has the keys."""

    def __post_init__(self) -> None:
        """Raise ValueError for a kind without its facts."""
        if (self.kind == "signed") != bool(self.sign):
            raise ValueError("kind signed and the table auth.sign go together")


class IdempotencyFact(Fact, frozen=True, kw_only=True):
    header: str
    methods: tuple[str, ...]
    """Upper-case methods on which the provider honours the header."""


class PaginationFact(Fact, frozen=True, kw_only=True):
    style: PaginationStyle
    parameter: str
    """Request parameter that asks for the next page."""
    next: str = ""
    """Where the response contains the next cursor, offset or address: dots between keys, or
    "header:NAME"."""
    more: str = ""
    """Where the response says whether there is a next page (a boolean), with "!" in front where it
    says that the page is the last."""

    def __post_init__(self) -> None:
        """Raise ValueError for what the runtime could not keep."""
        named = self.style in ("cursor", "page_token", "next_uri")
        if named and not self.next:
            raise ValueError(f"style {self.style} needs `next`, where the next page is named")
        if self.next and not named:
            raise ValueError(f"style {self.style} does not read `next`")
        if self.more and self.style in ("link_header", "next_uri"):
            raise ValueError(f"style {self.style} does not read `more`")
        if not self.parameter:
            raise ValueError("`parameter` is empty: it tells the lists that have pages")
        for place in (self.next, self.more.removeprefix("!")):
            if not _PLACE.fullmatch(place):
                raise ValueError(f"{place!r} is neither names with dots between nor header:NAME")


class RetryFact(Fact, frozen=True, kw_only=True):
    statuses: tuple[int, ...] = ()
    """Statuses after which the same request may succeed; () for those of the runtime. One below 500
    says that nothing was done."""
    should_retry_header: str = ""
    """Response header in which the provider itself says "true" or "false"."""


class RateLimitFact(Fact, frozen=True, kw_only=True):
    remaining_header: str
    reset_header: str
    reset_kind: Literal["epoch", "seconds"]
    """`epoch`: seconds since 1970, UTC; `seconds`: from now."""
    statuses: tuple[int, ...] = ()
    """Statuses, besides 429, that are rate limits where the answer has `Retry-After`, says that
    no call is left, or has one of the `phrases`."""
    phrases: tuple[str, ...] = ()
    """Texts in the body of such a status that make it a rate limit, in lower case."""


class FailureFact(Fact, frozen=True, kw_only=True):
    """A provider that reports failures inside a 200; see `noctule.runtime.BodyFailure`."""

    flag: str = ""
    """Body field that is false on failure; dots between keys."""
    code: str = ""
    """Body field that then holds the error code."""
    error: str = ""
    """Body field that is there, and not empty, on failure only."""
    failed: tuple[str, ...] = ()
    """What the flag says on failure, where it is a text."""
    rate_limited: tuple[str, ...] = ()
    """Codes after which nothing was done, and we are to wait."""
    retryable: tuple[str, ...] = ()
    """Codes after which nothing was done."""
    uncertain: tuple[str, ...] = ()
    """Codes after which part of the work may have been done."""
    unauthorized: tuple[str, ...] = ()
    """Codes that refuse the credentials."""


class UnsignedFact(Fact, frozen=True, kw_only=True):
    """Webhooks exist, but cannot be verified."""

    reason_en: str
    reason_fr: str
    alternative_en: str
    alternative_fr: str
    source: str = ""
    """Address of the text that says so."""
    handshakes: tuple[Mapping[str, Any], ...] = ()
    """Requests that a `RefetchReceiver` answers, in the language of a signature's `handshake`."""
    id: str = ""
    """Where a delivery has the id of its object, as `RefetchReceiver` takes it; "" if unknown."""
    shape: str = ""
    """Regular expression of the whole id; "" if unknown."""


class RetiredFact(Fact, frozen=True, kw_only=True):
    """The provider ended the product. Deliveries of before can still be verified."""

    since: str
    """ISO date."""
    reason_en: str
    reason_fr: str
    alternative_en: str
    alternative_fr: str
    source: str

    def reason(self, language: Language) -> str:
        return self.reason_fr if language == "fr" else self.reason_en

    def alternative(self, language: Language) -> str:
        return self.alternative_fr if language == "fr" else self.alternative_en


class BackfillFact(Fact, frozen=True, kw_only=True):
    """How the provider is asked what it sent, so that what never arrived is found."""

    path: str
    """Of a GET under the base URL; `{name}` is replaced by what the operator gives."""
    id: str
    """Where an item has the id under which its delivery is stored; dots between keys."""
    type: str
    at: str
    """Where an item has its time: seconds since 1970, or ISO 8601."""
    query: Mapping[str, str] = {}
    """`{since}` is replaced by seconds since 1970."""
    items: str = ""
    """Where the answer has the items; "" the answer itself. The newest come first."""
    page: Literal["last_id", "link_header"] = "last_id"
    cursor: str = ""
    """For `last_id`: the parameter that takes the id of a page's last item."""
    more: str = ""
    """For `last_id`: where the answer says that there is a next page."""
    redeliver: str = ""
    """Path of a POST that sends a delivery again, `{id}` its item's `id`. Without it the item is
    the event itself, and is stored as fetched."""
    skip: tuple[str, ...] = ()
    """Types that are never stored."""
    days: int = 30
    """How far back the provider can say."""
    source: str = ""


class WebhookFact(Fact, frozen=True, kw_only=True):
    endpoint_slug: str
    """Last part of the endpoint: /api/webhooks/<slug>."""
    secret_env: str
    """Environment variable that verifies deliveries; for Twilio it is the API credential."""
    object_path: str = ""
    """Where the body of an event contains the resource ("data.object"); "": the body itself."""
    named_after_object: bool = False
    """The value at `object_path` is the complete resource, and the event is named after it:
    `charge.refunded` contains a charge."""
    envelope: Mapping[str, str] = {}
    """What every event's body contains beside its object, id and type: `object = "event"`."""
    events: tuple[str, ...] = ()
    """The events to listen to where no need lists any, the main one first."""
    backfill: BackfillFact | None = None


class Need(Bilingual, frozen=True, kw_only=True):
    """What people use the provider for, and which operations and events that needs."""

    id: str
    words_en: tuple[str, ...]
    words_fr: tuple[str, ...]
    operations: tuple[str, ...]
    """Keys of the default operations, the main one first."""
    events: tuple[str, ...] = ()


class OperationFact(Bilingual, frozen=True, kw_only=True):
    key: str
    name: str
    """snake_case, also the operationId of the compact document."""
    words_en: tuple[str, ...] = ()
    words_fr: tuple[str, ...] = ()
    moves_money: bool = False
    """Whether it can take, give back or spend money."""
    idempotent: bool = False
    """Sending it twice has the effect of sending it once, without any key; by default true for
    GET, HEAD, OPTIONS, PUT and DELETE."""
    reads: bool = False
    """It changes nothing although its method is POST: a search."""


class EventFact(Bilingual, frozen=True, kw_only=True):
    name: str
    schema: str = ""
    """Component of the compact document that describes the value at `webhook.object_path`; "" in a
    pack without a document."""


class Erratum(Bilingual, frozen=True, kw_only=True):
    """One place where the official document is wrong or incomplete."""

    id: str
    pointer: str
    """JSON pointer into the official document, to the nearest node that exists."""
    says: str
    truth: str
    source: str


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a provider: the head of its pack, read without the rest."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    ordinary: bool = False
    """Whether a name is also a word ("box"), so that in lower case it is not always a name."""
    complete: bool = False
    """Whether the pack has an API document."""


class Pack(Fact, frozen=True, kw_only=True):
    """All facts about one provider. Without `document` a pack knows only webhooks; the operations
    come from an API document that the user gives."""

    id: str
    name: str
    homepage: str
    document: DocumentFacts | None = None
    environments: Mapping[str, Environment] = {}
    auth: AuthFact | None = None
    retry: RetryFact = RetryFact()
    aliases: tuple[str, ...] = ()
    ordinary: bool = False
    """As in `Names`."""
    env: tuple[EnvFact, ...] = ()
    parameters: Mapping[str, str] = {}
    """Parameters with the same value in every call -> environment variable of that value."""
    headers: Mapping[str, str] = {}
    request_id_header: str = ""
    idempotency: IdempotencyFact | None = None
    pagination: PaginationFact | None = None
    rate_limit: RateLimitFact | None = None
    failure: FailureFact | None = None
    signature: Mapping[str, Any] = {}
    unsigned: UnsignedFact | None = None
    retired: RetiredFact | None = None
    webhook: WebhookFact | None = None
    needs: Mapping[str, Need] = {}
    operations: Mapping[str, OperationFact] = {}
    events: Mapping[str, EventFact] = {}
    event_names: frozenset[str] = frozenset()
    """Every event the provider is known to send."""
    errata: tuple[Erratum, ...] = ()
    path: Path
    """The file this pack was read from."""

    @property
    def complete(self) -> bool:
        """Whether it has an API document; without one it knows a provider's webhooks."""
        return self.document is not None

    def document_bytes(self) -> bytes:
        """The compact API document next to the pack. Raises Problem if there is none."""
        if self.document is None:
            raise Problem("providers.webhooks_only", exit=Exit.USAGE, place=self.name)
        try:
            return self.path.with_name(self.document.compact).read_bytes()
        except (OSError, ValueError) as error:
            raise Problem(
                "providers.no_document",
                exit=Exit.USAGE,
                place=str(self.path),
                compact=self.document.compact,
            ) from error

    def label(self, language: Language) -> str:
        """The provider's name, the same in every language so far."""
        del language
        return self.name
