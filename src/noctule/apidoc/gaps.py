"""What a wrapper needs and the document lacks, operation by operation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.language import Language, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc.document import ApiDocument
    from noctule.apidoc.operation import Operation
    from noctule.apidoc.parts import Media
    from noctule.apidoc.schema import Schema

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
IDEMPOTENCY = re.compile(r"idempoten", re.IGNORECASE)


@dataclass(frozen=True)
class Gap:
    """One missing thing, missed at `pointer`; `operation` is a key, "" for the document."""

    operation: str
    kind: str
    pointer: str

    @property
    def blocking(self) -> bool:
        """The wrapper cannot be written well before the sandbox has answered."""
        return self.kind in BLOCKING

    def text(self, language: Language) -> str:
        return say(
            language, f"apidoc.gap_{self.kind}", operation=self.operation, pointer=self.pointer
        )


def gaps(document: ApiDocument, operations: Iterable[Operation]) -> tuple[Gap, ...]:
    """Every gap of these operations and of the document, blocking kinds first."""
    known = Counter(op.operation_id for op in document.operations.values())
    found: list[Gap] = []
    for operation in operations:
        found += [Gap(operation.key, kind, at) for kind, at in missing(document, operation)]
        if known[operation.operation_id] > 1 or not operation.operation_id:
            found.append(Gap(operation.key, "operation_id", operation.pointer))
    found += [Gap("", kind, at) for kind, at in missing_overall(document)]
    return tuple(sorted(dict.fromkeys(found), key=lambda gap: not gap.blocking))


def missing_overall(document: ApiDocument) -> Iterator[tuple[str, str]]:
    if not document.servers:
        yield "servers", "#/servers"
    if not document.webhooks and not any(op.callbacks for op in document.operations.values()):
        yield "webhooks", "#/webhooks"
    for place in document.duplicates:
        yield "duplicate_key", place


def missing(document: ApiDocument, operation: Operation) -> Iterator[tuple[str, str]]:
    """(kind, pointer) of what one operation lacks."""
    answers = f"{operation.pointer}/responses"
    if not answers_described(operation):
        yield "response_schema", operation.success.pointer if operation.success else answers
    if not operation.errors:
        yield "error_responses", answers
    elif not any(response.schema for response in operation.errors.values()):
        yield "error_schema", answers
    if not authenticates(document, operation):
        yield "auth", f"{operation.pointer}/security"
    yield from missing_by_the_way(operation, answers)
    for schema in schemas(operation):
        if schema.broken:
            yield "broken_reference", schema.pointer


def missing_by_the_way(operation: Operation, answers: str) -> Iterator[tuple[str, str]]:
    """What one can live without."""
    if not {"401", "403"} & set(operation.errors) and not operation.public:
        yield "unauthorized", answers
    if "429" not in operation.responses and not has_header(operation, LIMITS):
        yield "rate_limit", answers
    names = [parameter.name for parameter in operation.parameters]
    writes = operation.method in ("POST", "PATCH")
    if writes and not any(IDEMPOTENCY.search(name) for name in names):
        yield "idempotency", f"{operation.pointer}/parameters"
    if lists(operation) and not any(PAGING.match(name) for name in names):
        yield "pagination", f"{operation.pointer}/parameters"
    if not any(
        media.examples or (media.schema and media.schema.examples) for media in medias(operation)
    ):
        yield "example", operation.pointer
    if not operation.summary and not operation.description:
        yield "description", operation.pointer


def answers_described(operation: Operation) -> bool:
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


def authenticates(document: ApiDocument, operation: Operation) -> bool:
    """A known scheme, a credential among the parameters, or the word that none is needed."""
    if operation.public and document.security_schemes:
        return True
    named = [name for names in operation.security for name in names]
    if named:
        return any(name in document.security_schemes for name in named)
    return any(CREDENTIAL.search(p.name) for p in operation.parameters if p.where != "path")


def lists(operation: Operation) -> bool:
    schema = operation.success.schema if operation.success else None
    return operation.method == "GET" and schema is not None and schema.type == "array"


def has_header(operation: Operation, pattern: re.Pattern[str]) -> bool:
    return any(
        pattern.search(name) for answer in operation.responses.values() for name in answer.headers
    )


def medias(operation: Operation) -> Iterator[Media]:
    if operation.body:
        yield from operation.body.media.values()
    if operation.success:
        yield from operation.success.media.values()


def schemas(operation: Operation) -> Iterator[Schema]:
    yield from (parameter.schema for parameter in operation.parameters)
    yield from (media.schema for media in medias(operation) if media.schema)
