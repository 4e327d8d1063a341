"""The `[signature]` table as TOML has it. docs/signature-language.md describes every key."""

# No `from __future__ import annotations` here: msgspec reads the annotations.
from typing import Annotated, Literal, get_args

import msgspec

from noctule.webhooks.formats.encoding import Encoding

Algorithm = Literal[
    "hmac-sha1", "hmac-sha256", "hmac-sha512",
    "ed25519", "ecdsa-p256", "es256", "es384", "rsa-sha1", "rsa-sha256", "rsa-pss-sha512",
    "jwk", "static", "none",
]  # fmt: skip
KeyForm = Literal["utf8", "hex", "base64", "whsec", "sha1", "spki", "x509", "jwk"]
Unit = Literal["s", "ms", "iso"]
Coverage = Literal["full", "body", "partial", "static", "none"]
COVERAGES: tuple[Coverage, ...] = get_args(Coverage)
MAX_BODY = 1 << 20

Seconds = Annotated[int, msgspec.Meta(ge=0)]
Parser = Annotated[str, msgspec.Meta(pattern="^(json|form|form:.+|multipart:.+|xml64:.+)$")]
Name = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]
Status = Annotated[int, msgspec.Meta(ge=200, le=299)]
Variable = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")]
TOKEN = "[A-Za-z0-9_=+/.-]{1,256}"  # noqa: S105 - a shape
"""What a handshake may have signed: nothing that could be the body of an event."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in which unknown keys are errors."""


class TimestampTable(Strict, frozen=True):
    locator: str | list[str] = msgspec.field(name="from")
    unit: Unit = "s"
    past: Seconds = 300
    future: Seconds = 300


class HandshakeTable(Strict, frozen=True):
    match: dict[str, str] = {}
    method: Literal["GET", "HEAD", "POST"] = "POST"
    text: str | None = None
    json: dict[str, str | int | bool] | None = None
    headers: dict[Name, str] = {}
    status: Status = 200
    signed: bool = True
    shape: str = TOKEN
    visit: str | None = None
    secret: str | None = None


class FetchTable(Strict, frozen=True):
    url: str
    host: str
    path: str = ".*"
    post: dict[str, str] = {}
    answer: str | list[str] = ""
    common_name: str = ""
    sample: str = ""


class IdentityTable(Strict, frozen=True):
    id: Literal["event", "subscription", "attempt", "shared"] = "event"
    equal: Literal["same", "bell", "unclear"] = "unclear"
    retry: Literal["same", "signed_again", "none", "unknown"] = "unknown"
    hours: Annotated[float, msgspec.Meta(ge=0)] = 72
    changes: list[str] = []
    source: str = ""


class SignatureTable(Strict, frozen=True):
    algorithm: Algorithm
    header: Name | list[Name] = []
    documentation: str = msgspec.field(name="source", default="")
    signature_locator: str = msgspec.field(name="from", default="")
    repeat: bool = False
    separator: str = msgspec.field(name="list", default="")
    pair: str = ""
    name: str = ""
    prefix: str | list[str] = ""
    encoding: Encoding = "hex"
    key: KeyForm = "utf8"
    fetch: FetchTable | None = None
    algorithms: dict[str, Algorithm] = {}
    algorithm_at: str = ""
    signed: str | list[str] = ""
    expect: dict[str, str] = {}
    settings: dict[str, Variable] = {}
    components: list[str] = []
    timestamp: TimestampTable | None = None
    expires: str | None = None
    id: str | list[str] = []
    type: str | list[str] = []
    subject: str | list[str] = []
    version: str | list[str] = []
    batch: str | None = None
    signs_items: bool = msgspec.field(name="each", default=False)
    signed_keys: list[str] = msgspec.field(name="only", default=[])
    body_digest: str | None = None
    content: dict[str, Parser] = msgspec.field(default_factory=lambda: {"application/json": "json"})
    max_body: Annotated[int, msgspec.Meta(gt=0)] = MAX_BODY
    reply: str = ""
    handshake: list[HandshakeTable] = []
    identity: IdentityTable = IdentityTable()
    status: Literal["confirmed", "unconfirmed"] = "confirmed"
    compared: Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
