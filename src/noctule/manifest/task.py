"""The `integration_task`: the contract that every later stage reads.

The card's keys come first and in the card's order; noctule's own keys come after, at each
level. Keys that noctule does not know are kept in `extra` and written back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from noctule.messages import Language  # noqa: TC001  (read at run time to build the YAML)

FileRole = Literal["wrapper", "webhook", "tests", "app", "other"]


@dataclass(kw_only=True)
class Part:
    """Anything with keys of its own in the task."""

    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    """Unknown keys, kept as they were read."""


@dataclass(kw_only=True)
class File(Part):
    path: str
    purpose: str
    role: FileRole = "other"


@dataclass(kw_only=True)
class EnvVar(Part):
    name: str
    description: str
    role: str = ""
    """As in a pack: "api_key", "token", "username", "webhook_secret", "public" …"""
    required: bool = True
    source: str = ""


@dataclass(kw_only=True)
class Method(Part):
    name: str
    does: str
    operation: str = ""
    """Key in the API document: "POST /v1/payment_intents"."""
    source: str = ""
    """Where this operation comes from: "document", "pack", "request"."""


@dataclass(kw_only=True)
class Webhook(Part):
    event: str
    endpoint: str
    signature: str = ""
    """Id of the signature scheme: the pack's id, "standard-webhooks" …"""
    source: str = ""


@dataclass(kw_only=True)
class ErrorHandling(Part):
    retry: str = ""
    fallback: str = ""
    timeout: str = ""
    circuit_breaker: str = ""


@dataclass(kw_only=True)
class DocumentRef(Part):
    source: str = ""
    """Path, URL or "pack:stripe"."""
    sha256: str = ""
    version: str = ""
    probed: str = ""
    """ISO date on which the document was tried against the sandbox, or empty."""


@dataclass(kw_only=True)
class Refusal(Part):
    what: str
    reason: str
    alternative: str = ""


@dataclass(kw_only=True)
class Evidence(Part):
    about: str
    """The key of this task it speaks of: "methods.create_payment_intent"."""
    source: str
    says: str = ""


@dataclass(kw_only=True)
class IntegrationTask(Part):
    # The card's keys, in the card's order.
    service: str
    files: list[File] = field(default_factory=list[File])
    env_vars: list[EnvVar] = field(default_factory=list[EnvVar])
    methods: list[Method] = field(default_factory=list[Method])
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
    """"whole": every operation of the document, a module per resource; `methods` may rename."""
    depth: str = ""
    """Levels below an answer's first that are typed, "0" to "3"; "1" where nothing is said."""
    document: DocumentRef = field(default_factory=DocumentRef)
    accepted_incomplete: str = ""
    refused: list[Refusal] = field(default_factory=list[Refusal])
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    # Of the file, not of the task.
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    """Root keys of the file beside `integration_task`, kept as they were read."""
    lines: dict[str, int] = field(default_factory=dict[str, int], compare=False, repr=False)
    """Where each place stands in the file it was read from: "webhooks[1].event" -> line, from 1."""


CARD_KEYS: dict[type[Part], tuple[str, ...]] = {
    IntegrationTask: (
        "service",
        "files",
        "env_vars",
        "methods",
        "webhooks",
        "error_handling",
        "tests",
    ),
    File: ("path", "purpose"),
    EnvVar: ("name", "description"),
    Method: ("name", "does"),
    Webhook: ("event", "endpoint"),
    ErrorHandling: ("retry", "fallback"),
}
"""The keys of the card, in its order: always written, and all that `card` shows."""
