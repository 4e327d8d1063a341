"""What a wrapper needs and the document lacks, operation by operation.

What the document says wrongly is in `flaws`; both are told in the same words, as a `Gap`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.apidoc.address import is_cleartext
from noctule.apidoc.quality.hidden_failure import hidden_failure
from noctule.messages import Language, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc.model.document import ApiDocument
    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.model.parts import Media

BLOCKING = ("response_schema", "error_responses", "auth", "cleartext")
"""Gaps that stop `integrate`: test in the sandbox first."""
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
        """Whether the gap stops `integrate`."""
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
    missing_parts: list[Gap] = []
    operations = tuple(operations)
    for operation in operations:
        missing_parts += [Gap(operation.key, kind, at) for kind, at in missing(document, operation)]
        if member := hidden_failure(operation):
            at = operation.success.pointer if operation.success else operation.pointer
            missing_parts.append(Gap(operation.key, "hidden_failure", at, member))
    missing_parts += [Gap("", kind, at) for kind, at in missing_overall(document)]
    missing_parts += cleartext(document, operations)
    return tuple(sorted(dict.fromkeys(missing_parts), key=lambda gap: not gap.blocking))


def missing_overall(document: ApiDocument) -> Iterator[tuple[str, str]]:
    if not document.servers:
        yield "servers", "#/servers"
    elif not any(SANDBOX.search(f"{s.url} {s.description}") for s in document.servers):
        yield "sandbox", "#/servers"
    if not document.version:
        yield "version", "#/info/version"
    deliveries = [*document.webhooks.values()]
    deliveries += [
        request for op in document.operations.values() for request in op.callbacks.values()
    ]
    if not deliveries:
        yield "webhooks", "#/webhooks"
    elif not any(signed(delivery) for delivery in deliveries):
        yield "webhook_signature", deliveries[0].pointer


def cleartext(document: ApiDocument, operations: tuple[ApiOperation, ...]) -> Iterator[Gap]:
    """The addresses that would get the operations' credentials without encryption."""
    secured = [operation for operation in operations if not operation.public]
    if secured and is_cleartext(document.base_url):
        yield Gap("", "cleartext", "#/servers", document.base_url)
    schemes = document.security_schemes
    for name in sorted({name for op in secured for names in op.security for name in names}):
        url = document.token_url(schemes[name]) if name in schemes else ""
        if is_cleartext(url):
            yield Gap("", "cleartext", f"#/components/securitySchemes/{name}", url)


def signed(delivery: ApiOperation) -> bool:
    """Whether the document describes a signature of the delivery."""
    names = [parameter.name for parameter in delivery.parameters if parameter.where == "header"]
    return any(SIGNATURE.search(text) for text in (*names, delivery.description))


def missing(document: ApiDocument, operation: ApiOperation) -> Iterator[tuple[str, str]]:
    """Kind and pointer of each gap of one operation."""
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
    yield from missing_non_blocking(operation, answers)


def missing_non_blocking(operation: ApiOperation, answers: str) -> Iterator[tuple[str, str]]:
    """Gaps that do not stop a wrapper."""
    if not {"401", "403"} & set(operation.errors) and not operation.public:
        yield "unauthorized", answers
    if "429" not in operation.responses and not has_header(operation, LIMITS):
        yield "rate_limit", answers
    names = [parameter.name for parameter in operation.parameters]
    if writes(operation) and not any(IDEMPOTENCY.search(name) for name in names):
        yield "idempotency", f"{operation.pointer}/parameters"
    if lists(operation) and not any(PAGING.match(name) for name in names):
        yield "pagination", f"{operation.pointer}/parameters"
    bodies = [*medias(operation)]
    if bodies and not any(media.examples or has_examples(media) for media in bodies):
        yield "example", operation.pointer
    if not operation.summary and not operation.description:
        yield "description", operation.pointer
    if not operation.operation_id:
        yield "operation_id", operation.pointer


def has_examples(media: Media) -> bool:
    """Whether the schema has an example, or all of its required properties have."""
    schema = media.schema
    if schema is None or schema.examples:
        return schema is not None
    required = [schema.properties[name] for name in schema.required if name in schema.properties]
    return bool(required) and all(prop.examples or prop.enum for prop in required)


def answers_described(operation: ApiOperation) -> bool:
    """Whether the success is documented, with a schema or without a body."""
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
    """Whether the bodies need no schema: neither JSON, XML nor a form."""
    types = [item.type for item in media]
    return bool(types) and not any(re.search(r"json|xml|form|\*/\*", type_) for type_ in types)


def authenticates(document: ApiDocument, operation: ApiOperation) -> bool:
    """Whether the operation has a known scheme or a credential among its parameters, or needs none
    by its own words (`security: []` or `[{}]`), which count where other operations need some:
    generators write them into every operation of documents that say nothing of security."""
    if operation.public and (document.secured or document.choices.public):
        return True
    named = [name for names in operation.security for name in names]
    if named:
        return any(name in document.security_schemes for name in named)
    return any(CREDENTIAL.search(p.name) for p in operation.parameters if p.where != "path")


def writes(operation: ApiOperation) -> bool:
    """Whether sending it twice may have its effect twice."""
    return operation.method in ("POST", "PATCH")


def lists(operation: ApiOperation) -> bool:
    """Whether it returns a list: an array, or an object with a single array of objects."""
    schema = operation.success.schema if operation.success else None
    if operation.method != "GET" or schema is None:
        return False
    if schema.type == "array":
        return True
    if schema.type != "object" or operation.path.endswith("}"):
        return False
    arrays = [prop for prop in schema.properties.values() if prop.type == "array"]
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
