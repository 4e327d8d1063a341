"""What a contract is applied to: the service, and one example call per method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from noctule.runtime.operation import IDEMPOTENT_METHODS, READ_METHODS
from noctule.runtime.policy.classify import RETRY_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noctule.runtime.call.config import CallOptions
    from noctule.runtime.operation import Operation, RetryMode
    from noctule.runtime.pagination.styles import Paging
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.responses.rate_limits import RateLimitHeaders

S = TypeVar("S")


@dataclass(frozen=True)
class ExamplePages(Generic[S]):
    """How a list is read page by page."""

    call: Callable[[S, int | None, CallOptions | None], object]
    """Gets the service, `max_items` and the options, and returns an iterator over the items."""
    paging: Paging
    """How the provider names the next page: `LastId()`, `Cursor(next_at="meta.next")` and so on."""
    item: Any = None
    """An item as JSON, where the example answer contains none, or none with the id that `paging`
    reads."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """Fields of `paging`, such as `next_at`, to the names that lead there in an answer, where one
    of them holds a dot: {"next_at": ["@odata.nextLink"]}."""


@dataclass(frozen=True, kw_only=True)
class SentCredentials:
    """What a request carries so that the provider knows who sends it; empty for a public
    operation. The fields are those of `ServiceProfile`."""

    authorization: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ExampleCall(Generic[S]):
    """A call of one method, the request that it must send, and what the provider answers.

    `{NAME}`, where NAME is an environment variable of `ServiceProfile.secrets`, stands for its
    value in `request`, `headers`, `form` and `json`.
    """

    call: Callable[[S, CallOptions | None], object]
    """Gets the service and the options for this one call, and returns the result or an
    awaitable of it."""
    request: str
    """Method, path and query: "GET /v1/customers?limit=2". The order of the query is free."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers that this request has beside those of the profile."""
    form: Mapping[str, str | Sequence[str]] | None = None
    """The body as form fields; a list for a field that is repeated."""
    json: Any = None
    """The body as JSON."""
    body: bytes = b""
    """The exact body, where it is neither form nor JSON."""
    parts: Sequence[bytes] = ()
    """Of a multipart body: what it must contain."""
    answer: Any = None
    """The provider's answer as JSON, which the result must equal; None for no content."""
    content: bytes | None = None
    """The provider's answer, where it is not JSON: the result is these bytes or their text."""
    status: int = 200
    least: Any = None
    """The answer without all that is optional, where that is worth a test."""
    retry: RetryMode | None = None
    """When the call may be sent twice. By default idempotent methods always, others under the
    profile's idempotency key, or never where there is none."""
    reads: bool = False
    """It changes nothing although its method is POST."""
    payment: Operation[Any] | None = None
    """The operation, where it moves money: it must refuse every fallback."""
    pages: ExamplePages[S] | None = None
    stream: Callable[[S], object] | None = None
    """Makes the call and returns a context manager over the pieces of the answer."""
    url: str = ""
    """Where the request goes, if not to the profile's `url`."""
    credentials: SentCredentials | None = None
    """What it carries instead of the profile's credentials."""
    digest: Sequence[str] = ()
    """The environment variables of user and password, where they answer a Digest challenge."""
    name: str = ""
    """The operation's name in telemetry; the contract takes the key of the table."""

    @property
    def writes(self) -> bool:
        """Whether the request may have an effect at the provider."""
        return not self.reads and self.request.partition(" ")[0] not in READ_METHODS

    def rereads(self, profile: ServiceProfile) -> bool:
        """Whether repeating the write gives its result again."""
        mode, method = self.retry_mode(profile), self.request.partition(" ")[0]
        return mode == "with_key" or (mode == "idempotent" and self.writes and method != "DELETE")

    def retry_mode(self, profile: ServiceProfile) -> RetryMode:
        """`retry`, or the default for the method of the request."""
        if self.retry is not None:
            return self.retry
        if self.reads or self.request.partition(" ")[0] in IDEMPOTENT_METHODS:
            return "idempotent"
        return "with_key" if profile.idempotency_header else "never"


@dataclass(frozen=True, kw_only=True)
class ServiceProfile:
    """The facts about a service that hold for all of its calls."""

    service: Callable[..., Any]
    """The class, or anything that takes `transport`, `clock` and `on_event` and returns a service:
    `partial(AcmeService, base_url="https://api.test")`."""
    name: str
    """The service's name in telemetry."""
    url: str
    """Where all requests go, without a slash at the end."""
    secrets: Sequence[str] = ()
    """Every environment variable that the service reads when it is created. They hold
    placeholders during a test, random in each run."""
    settings: Sequence[str] = ()
    """Other variables that the service reads; they are not set during a test."""
    later_secrets: Sequence[str] = ()
    """Those that only some calls need, and read."""
    authorization: str = ""
    """The Authorization header: "Bearer {ACME_TOKEN}". "Basic {ACME_USER}:{ACME_PASSWORD}" is
    written in plain text here and compared in Base64."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of every request: "X-Api-Key": "{ACME_KEY}", an API version."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of every request, for providers that take the key there."""
    signature_headers: Sequence[str] = ()
    """Headers that each request has, with a value of its own: a signature, the time of it."""
    signature_query: Sequence[str] = ()
    """The same in the query."""
    signature_form: Sequence[str] = ()
    """The same in the form of a body."""
    binary_secrets: Sequence[str] = ()
    """Variables whose values are written in hexadecimal or in Base64."""
    token_paths: Sequence[str] = ()
    """The paths that OAuth2 tokens are requested from; the contract then issues "issued"."""
    page_parameters: Sequence[str] = ()
    """Query parameters that iterators set by themselves, so that they do not accept them."""
    idempotency_header: str = ""
    request_id_header: str = ""
    retry_statuses: Sequence[int] = RETRY_STATUSES
    """Statuses after which the provider is asked again."""
    should_retry_header: str = ""
    rate_limit: RateLimitHeaders | None = None
    failure: BodyFailure | None = None
    """How the provider reports failures inside a 200; None: never."""
    attempts: int = 4
    """Requests per call at most, the first one included."""
    timeout: float = 10.0
    """Seconds after which an attempt without an answer ends."""
