"""One planned method, with what the prover needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.providers import FailureFact

RetryMode = Literal["idempotent", "with_key", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """What the task promises for each call. Durations in seconds."""

    attempts: int = 4
    timeout: float = 10.0
    deadline: float = 30.0


@dataclass(frozen=True, slots=True)
class Given:
    """The value of one parameter, or of one member of the body."""

    where: str
    name: str
    value: Any
    documented: str
    """How the document wants it written."""
    pointer: str
    whole: bool = False
    """Whether it is the whole body, which has no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenMethod:
    """A method, the arguments to call it with, and whether it may be sent twice."""

    name: str
    """Name on the service, after that of its resource where it has one: "customers.create"."""
    operation: str
    """Key in the document."""
    pointer: str = ""
    """JSON pointer to the operation."""
    verb: str
    retry: RetryMode
    """"idempotent": it may be sent again; "with_key": under the provider's idempotency header;
    "never"."""
    limits: CallLimits
    writes: bool
    """Whether it may change something at the provider."""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    """By Python name."""
    everything: dict[str, Any] = field(default_factory=dict[str, Any])
    """Likewise, with a value for each parameter that the document has."""
    given: Mapping[str, Given] = field(default_factory=dict[str, Given])
    """Python name -> what `everything` gives there, and where the document has it."""
    reads_json: bool = True
    """Whether it returns the JSON of the response."""
    pages: str = ""
    """The method that iterates over all pages of the list; "" for none."""
    binary: tuple[str, ...] = ()
    """Arguments that are text here and bytes in the call."""
    path: dict[str, str] = field(default_factory=dict[str, str])
    """Path parameters by name: the resource must exist at the provider."""

    failure: FailureFact | None = None
    """How the provider reports failures inside a 200, where it does."""

    @property
    def rereads(self) -> bool:
        """Whether repeating the write gives its result again."""
        return self.writes and self.resendable and self.verb != "DELETE"

    @property
    def resendable(self) -> bool:
        """Whether a request that may have arrived can be sent again."""
        return self.retry != "never"
