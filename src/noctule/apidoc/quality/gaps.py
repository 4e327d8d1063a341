"""What a wrapper needs and the document lacks, operation by operation.

What the document says wrongly is in `flaws`; both are told in the same words, as a `Gap`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.messages import Language, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc.model.document import ApiDocument
    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.model.parts import Media

BLOCKING = ("response_schema", "error_responses", "auth")
"""Without these the card says: test in the sandbox first."""
BODILESS = ("204", "205", "304")
CREDENTIAL = re.compile(r"^authorization$|api[-_]?key|token$|[-_]token\b|secret", re.IGNORECASE)
PAGING = re.compile(
    r"^(page|cursor|offset|limit|per_?page|page_?(size|token|number|id)|start(ing)?_?(after|at)?"
    r"|after|before|marker|since|skip|top|count|next.*|start_cursor|max_?results)$",
    re.IGNORECASE,
)
LIMITS = re.compile(r"rate-?limit|retry-after", re.IGNORECASE)
SANDBOX = re.compile(r"sandbox|\btest|staging|\bdev\b|\bdemo\b|\{|localhost", re.IGNORECASE)
SIGNATURE = re.compile(r"signature|signed|hmac|\bjw[st]\b", re.IGNORECASE)
IDEMPOTENCY = re.compile(r"idempoten", re.IGNORECASE)


@dataclass(frozen=True)
class Gap:
    """One thing that is missing or wrong, at `pointer`; `operation` is a key, "" for the document.

    `detail` says what stands there, in the document's own words and JSON Schema's.
    """

    operation: str
    kind: str
    pointer: str
    detail: str = ""

    @property
    def blocking(self) -> bool:
        """The wrapper cannot be written well before the sandbox has answered."""
        return self.kind in BLOCKING

    def text(self, language: Language) -> str:
        return say(language, f"apidoc.gap_{self.kind}", **self._facts)

    def fix(self, language: Language) -> str:
        """What the document's author would write."""
        return say(language, f"apidoc.gap_{self.kind}", "next", **self._facts)

    @property
    def _facts(self) -> dict[str, str]:
        return {"operation": self.operation, "pointer": self.pointer, "detail": self.detail}


def gaps(document: ApiDocument, operations: Iterable[ApiOperation]) -> tuple[Gap, ...]:
    """Every gap of these operations and of the document, blocking kinds first."""
    gaps_: list[Gap] = []
    for operation in operations:
        gaps_ += [Gap(operation.key, kind, at) for kind, at in missing(document, operation)]
    gaps_ += [Gap("", kind, at) for kind, at in missing_overall(document)]
    return tuple(sorted(dict.fromkeys(gaps_), key=lambda gap: not gap.blocking))


def missing_overall(document: ApiDocument) -> Iterator[tuple[str, str]]:
    if not document.servers:
        yield "servers", "#/servers"
    elif not any(SANDBOX.search(f"{s.url} {s.description}") for s in document.servers):
        yield "sandbox", "#/servers"
    if not document.version:
        yield "version", "#/info/version"
    called = [*document.webhooks.values()]
    called += [made for op in document.operations.values() for made in op.callbacks.values()]
    if not called:
        yield "webhooks", "#/webhooks"
    elif not any(signed(delivery) for delivery in called):
        yield "webhook_signature", called[0].pointer


def signed(delivery: ApiOperation) -> bool:
    """The document says how to tell that a delivery is the provider's."""
    names = [parameter.name for parameter in delivery.parameters if parameter.where == "header"]
    return any(SIGNATURE.search(said) for said in (*names, delivery.description))


def missing(document: ApiDocument, operation: ApiOperation) -> Iterator[tuple[str, str]]:
    """(kind, pointer) of what one operation lacks."""
    answers = f"{operation.pointer}/responses"
    if not answers_described(operation):
        yield "response_schema", operation.success.pointer if operation.success else answers
    if not operation.errors:
        yield "error_responses", answers
    elif not any(response.schema for response in operation.errors.values()):
        yield "error_schema", answers
    if set(operation.errors) == {"default"}:
        yield "error_statuses", answers
    if not authenticates(document, operation):
        yield "auth", f"{operation.pointer}/security"
    yield from missing_by_the_way(operation, answers)


def missing_by_the_way(operation: ApiOperation, answers: str) -> Iterator[tuple[str, str]]:
    """What one can live without."""
    if not {"401", "403"} & set(operation.errors) and not operation.public:
        yield "unauthorized", answers
    if "429" not in operation.responses and not has_header(operation, LIMITS):
        yield "rate_limit", answers
    names = [parameter.name for parameter in operation.parameters]
    if writes(operation) and not any(IDEMPOTENCY.search(name) for name in names):
        yield "idempotency", f"{operation.pointer}/parameters"
    if lists(operation) and not any(PAGING.match(name) for name in names):
        yield "pagination", f"{operation.pointer}/parameters"
    written = [*medias(operation)]
    if written and not any(media.examples or has_examples(media) for media in written):
        yield "example", operation.pointer
    if not operation.summary and not operation.description:
        yield "description", operation.pointer
    if not operation.operation_id:
        yield "operation_id", operation.pointer


def has_examples(media: Media) -> bool:
    """The schema has an example, or every property that must be there has."""
    schema = media.schema
    if schema is None or schema.examples:
        return schema is not None
    held = [schema.properties[name] for name in schema.required if name in schema.properties]
    return bool(held) and all(one.examples or one.enum for one in held)


def answers_described(operation: ApiOperation) -> bool:
    """The success is documented, with its body's schema or as having none."""
    success = operation.success
    if success is None:
        return False
    if success.status in BODILESS or operation.method == "HEAD":
        return True
    if any(media.stream for media in success.media.values()):
        return True
    schema = success.schema
    if schema is not None:
        return not schema.broken and bool(schema.raw)
    return text_or_binary(success.media.values())


def text_or_binary(media: Iterable[Media]) -> bool:
    """Bodies that need no schema to be read: neither JSON, XML nor a form."""
    types = [each.type for each in media]
    return bool(types) and not any(re.search(r"json|xml|form|\*/\*", type_) for type_ in types)


def authenticates(document: ApiDocument, operation: ApiOperation) -> bool:
    """A known scheme, a credential among the parameters, or the author's word that none is needed
    (`security: []` or `[{}]` on the operation)."""
    if operation.public:
        return True
    named = [name for names in operation.security for name in names]
    if named:
        return any(name in document.security_schemes for name in named)
    return any(CREDENTIAL.search(p.name) for p in operation.parameters if p.where != "path")


def writes(operation: ApiOperation) -> bool:
    """Sent twice, it may act twice."""
    return operation.method in ("POST", "PATCH")


def lists(operation: ApiOperation) -> bool:
    """It answers a list: an array, or an object around a single array of objects."""
    schema = operation.success.schema if operation.success else None
    if operation.method != "GET" or schema is None:
        return False
    if schema.type == "array":
        return True
    if schema.type != "object" or operation.path.endswith("}"):
        return False
    arrays = [held for held in schema.properties.values() if held.type == "array"]
    return len(arrays) == 1 and arrays[0].items is not None and arrays[0].items.type == "object"


def has_header(operation: ApiOperation, pattern: re.Pattern[str]) -> bool:
    return any(
        pattern.search(name) for answer in operation.responses.values() for name in answer.headers
    )


def medias(operation: ApiOperation) -> Iterator[Media]:
    if operation.body:
        yield from operation.body.media.values()
    if operation.success:
        yield from operation.success.media.values()
