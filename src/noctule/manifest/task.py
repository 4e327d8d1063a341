"""The `integration_task`: the contract that every later stage reads.

At each level, the card's keys come first, in the card's order, then noctule's own. Unknown keys
are kept in `extra` and written back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from noctule.messages import Language  # noqa: TC001  (read at run time to build the YAML)

FileRole = Literal["wrapper", "webhook", "tests", "app", "other"]


@dataclass(kw_only=True)
class TaskPart:
    """A mapping in the task file."""

    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    """Unknown keys, as they were read."""


@dataclass(kw_only=True)
class PlannedFile(TaskPart):
    path: str
    purpose: str
    role: FileRole = "other"


@dataclass(kw_only=True)
class EnvVar(TaskPart):
    name: str
    description: str
    role: str = ""
    """As in a pack: "api_key", "token", "username", "webhook_secret", "public" …"""
    required: bool = True
    source: str = ""


@dataclass(kw_only=True)
class PlannedMethod(TaskPart):
    name: str
    does: str
    operation: str = ""
    """Key in the API document: "POST /v1/payment_intents"."""
    source: str = ""
    """Where the operation comes from: "document", "pack", "request"."""


@dataclass(kw_only=True)
class Webhook(TaskPart):
    event: str
    endpoint: str
    signature: str = ""
    """Id of the signature scheme: the pack's id, "standard-webhooks" …"""
    refetch: str = ""
    """For webhooks that are not signed: the operation that reads the object again, by its key in
    the API document: "GET /v1/payments/{id}"."""
    id: str = ""
    """Then where a delivery has the object's id ("body:id"), in the signature language."""
    shape: str = ""
    """And a regular expression of the whole id."""
    source: str = ""


@dataclass(kw_only=True)
class ErrorHandling(TaskPart):
    retry: str = ""
    fallback: str = ""
    timeout: str = ""
    circuit_breaker: str = ""


@dataclass(kw_only=True)
class DocumentRef(TaskPart):
    source: str = ""
    """Path, URL or "pack:stripe"."""
    sha256: str = ""
    version: str = ""
    overlay: str = ""
    """Path of the OpenAPI Overlay that the document is read through."""
    compared: str = ""
    """ISO date on which noctule's own document was last compared with `compared_with`, or ""."""
    compared_with: str = ""
    """What it was compared with: the provider's document, an SDK, each with its version."""


@dataclass(kw_only=True)
class RefusedPart(TaskPart):
    what: str
    reason: str
    alternative: str = ""


@dataclass(kw_only=True)
class Evidence(TaskPart):
    about: str
    """A key of this task: "methods.create_payment_intent"."""
    source: str
    says: str = ""


@dataclass(kw_only=True)
class SignedText(TaskPart):
    """A header, or a parameter, that signed requests carry."""

    name: str
    value: str
    """A text with placeholders."""


@dataclass(kw_only=True)
class RequestSigning(TaskPart):
    """How each request is signed: the arguments of `noctule.runtime.Signed`."""

    algorithm: str = ""
    signed: str = ""
    secret: str = ""
    """The environment variable of the key."""
    key: str = ""
    encoding: str = ""
    timestamp: str = ""
    nonce: str = ""
    digest: str = ""
    digest_algorithm: str = ""
    digest_encoding: str = ""
    headers: list[SignedText] = field(default_factory=list[SignedText])
    query: list[SignedText] = field(default_factory=list[SignedText])
    form: list[SignedText] = field(default_factory=list[SignedText])


@dataclass(kw_only=True)
class IntegrationTask(TaskPart):
    # The card's keys, in the card's order.
    service: str
    files: list[PlannedFile] = field(default_factory=list[PlannedFile])
    env_vars: list[EnvVar] = field(default_factory=list[EnvVar])
    methods: list[PlannedMethod] = field(default_factory=list[PlannedMethod])
    webhooks: list[Webhook] = field(default_factory=list[Webhook])
    error_handling: ErrorHandling = field(default_factory=ErrorHandling)
    tests: str = ""
    # noctule's own.
    request: str = ""
    language: Language = "en"
    provider: str = ""
    """Pack id, or the slug of the service when there is no pack."""
    need: str = ""
    target: str = ""
    """"fastapi", "django", "flask" or "plain"."""
    scope: Literal["", "whole"] = ""
    """"whole": every operation of the document, one module per resource; `methods` may rename."""
    depth: str = ""
    """How many levels of a response are typed below the first: "0" to "3"; "" means "1"."""
    document: DocumentRef = field(default_factory=DocumentRef)
    server: str = ""
    """The production server, where the document has several: its address, with the names of its
    variables in braces."""
    sandbox: str = ""
    """The address to test against, where the document names one beside others."""
    auth: str = ""
    """How calls are authenticated, where the document does not say: "bearer", "basic",
    "digest", "header:NAME", "query:NAME", "cookie:NAME", "signed" as `signing` says, or "none" on
    purpose."""
    signing: RequestSigning = field(default_factory=RequestSigning)
    audience: str = ""
    """For whom the tokens of client credentials are, where the provider wants to know."""
    failure: str = ""
    """How the provider reports failures inside a 200: "flag:ok,code:error"."""
    accepted_incomplete: str = ""
    refused: list[RefusedPart] = field(default_factory=list[RefusedPart])
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    # About the file, not the task.
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    """Other root keys of the file, as they were read."""
    lines: dict[str, int] = field(default_factory=dict[str, int], compare=False, repr=False)
    """Line of each place in the file, from 1: "webhooks[1].event" -> 12."""


CARD_KEYS: dict[type[TaskPart], tuple[str, ...]] = {
    IntegrationTask: (
        "service",
        "files",
        "env_vars",
        "methods",
        "webhooks",
        "error_handling",
        "tests",
    ),
    PlannedFile: ("path", "purpose"),
    EnvVar: ("name", "description"),
    PlannedMethod: ("name", "does"),
    Webhook: ("event", "endpoint"),
    ErrorHandling: ("retry", "fallback"),
}
"""The card's keys, in its order: always written, and the only ones that `card` shows."""

OLD_KEYS: dict[type[TaskPart], dict[str, str]] = {DocumentRef: {"probed": "compared"}}
"""Keys of task files written before they were renamed: old name -> today's."""
