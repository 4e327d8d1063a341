"""Operations of the document -> methods of the wrapper."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from noctule.codegen.build.examples import ExampleBuilder
from noctule.codegen.build.pagination import pages_of
from noctule.codegen.build.requests import (
    IDEMPOTENCY_HEADERS,
    MEDIA_TYPE,
    Conventions,
    ParameterBuilder,
    body_of,
    constant_headers,
    content_type,
    part_types,
    styles,
)
from noctule.codegen.build.types.responses import ResponseTypes, core, expandable
from noctule.codegen.model.integration import (
    JSON,
    STRING,
    Failure,
    ListOf,
    Method,
    Reference,
    RetryMode,
    Scalar,
    Type,
)
from noctule.codegen.model.text import rest_of, sentence
from noctule.json_types import is_list
from noctule.runtime.operation import IDEMPOTENT_METHODS, READ_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc import ApiOperation, ApiResponse, Media
    from noctule.codegen.build.resources import MethodPlace
    from noctule.codegen.model.integration import Param

EXPANDING = frozenset({"expand", "expand[]"})
"""Parameters that replace ids in a response by objects, which would break its type."""
DETAIL = 320
STATUSES = frozenset(HTTPStatus)
BODILESS = frozenset({204, 205, 304})
REDIRECTS = frozenset({"301", "302", "303", "307", "308", "3XX"})
CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
"""Headers that a read may be answered 304 to (RFC 9110, 13.1)."""


class MethodBuilder:
    """Builds methods over the records of one module."""

    def __init__(
        self,
        conventions: Conventions,
        answers: ResponseTypes,
        requests: ParameterBuilder,
        names: Mapping[str, str],
    ) -> None:
        """`names` are the methods' names on the service, by operation key."""
        self._names = names
        self._conventions = conventions
        self._answers = answers
        self._requests = requests
        self._examples = ExampleBuilder(answers.records)

    def _linked(self, text: str) -> str:
        """`text` with the pack's names of operations replaced by the methods' names or paths."""
        pack = self._conventions.pack
        if pack is None or not self._conventions.of_pack:
            return text
        for key, fact in pack.operations.items():
            text = text.replace(f"`{fact.name}`", f"`{self._names.get(key, key)}`")
        return text

    def build(self, place: MethodPlace) -> Method:
        operation, name = place.operation, place.name
        label = place.label or name
        returns, accepts, example = self._returns(label, operation)
        also = self._also(label, operation, returns)
        without = EXPANDING if _expands(operation) else frozenset[str]()
        styles_by_name = {
            wire: style for wire, style in styles(operation).items() if wire not in without
        }
        params = tuple(
            _telling(param, styles_by_name)
            for param in self._requests.params(label, operation, without)
        )
        media, body = body_of(operation)
        body = body if any(param.place == "body" for param in params) else None
        pack = self._conventions.pack
        fact = pack.operations.get(operation.key) if pack else None
        summary = sentence(operation.summary) or sentence(operation.description)
        lasting = tuple(param for param in params if not param.deprecated)
        pages = pages_of(
            operation, lasting, returns, self._answers.records, pack.pagination if pack else None
        )
        return Method(
            name=name,
            does=self._linked(summary) or sentence(place.does),
            detail=self._linked(_detail(operation, summary)),
            verb=operation.method,
            path=operation.template,
            params=params,
            fixed=self._requests.fixed(operation),
            returns=returns,
            body=body,
            retry=self._retry_mode(operation, idempotent=bool(fact and fact.idempotent)),
            reads=operation.method in READ_METHODS or bool(fact and fact.reads),
            styles=styles_by_name,
            moves_money=bool(fact and fact.moves_money),
            accepts=accepts,
            parts=part_types(media) if media and body == "multipart" else {},
            part_headers=constant_headers(media) if media and body == "multipart" else {},
            also=also,
            content_type=content_type(media, body) if media and body else "",
            failures=tuple(_failures(operation.errors)),
            response_example=example,
            status=_status(operation.success),
            pages=pages,
            resource=place.resource,
            streams=returns == Scalar("bytes") or _comes_in_pieces(operation),
            optional_body=body in ("json", "merge-patch") and _may_be_empty(operation, params),
        )

    def _returns(self, name: str, operation: ApiOperation) -> tuple[Type | None, str, Any]:
        """Type, media type ("" for plain JSON) and an example."""
        media = answer_media(operation)
        if media is None:
            unsaid = _leads_on(operation) or _says_no_content(operation)
            return (Scalar("bytes"), "*/*", "content") if unsaid else (None, "", None)
        kind = self._type(media, f"{name}_result", f"Response of `{self._names[operation.key]}`.")
        if media.is_json:
            accepts = named_type(media)
            if media.schema is None:
                return JSON, accepts, {"example": True}
            if example := next(iter(media.examples), None):
                return kind, accepts, self._examples.documented(kind, example)
            return kind, accepts, self._examples.value(kind, media.schema)
        return kind, media.type, "content"

    def _also(
        self, name: str, operation: ApiOperation, returns: Type | None
    ) -> dict[int, Type | None]:
        """The other documented successes, where their content differs from that of the first."""
        also: dict[int, Type | None] = {}
        first = answer_media(operation)
        for status, response in other_successes(operation):
            media = main_media(response)
            kind = None
            if media is not None and status not in BODILESS:
                if first is not None and _alike(media, first):
                    continue
                does = f"Response {status} of `{self._names[operation.key]}`."
                label = f"{name}_{HTTPStatus(status).phrase}"
                kind = self._type(media, label, does)
            if kind != returns:
                also[status] = kind
        return also

    def _type(self, media: Media, name: str, doc: str) -> Type:
        """The type of an answer in this media type."""
        if media.is_json:
            kind = JSON if media.schema is None else self._answers.root(media.schema, name, doc)
            return kind if isinstance(kind, Reference | ListOf) else JSON
        return other_type(media)

    def _retry_mode(self, operation: ApiOperation, *, idempotent: bool) -> RetryMode:
        if operation.method in IDEMPOTENT_METHODS:
            return "idempotent"
        pack, header = self._conventions.pack, self._conventions.idempotency_header
        if pack and pack.idempotency and operation.method in pack.idempotency.methods:
            return "with_key"
        if idempotent:
            return "idempotent"
        if pack and pack.idempotency:
            return "never"
        return "with_key" if header and header in idempotency_headers([operation]) else "never"


def _may_be_empty(operation: ApiOperation, params: Iterable[Param]) -> bool:
    """Whether the document lets a body of members go, and no member has to be given."""
    members = [param for param in params if param.place == "body"]
    needed = operation.body is not None and operation.body.required
    return not needed and not any(param.required or param.role == "whole" for param in members)


def other_type(media: Media) -> Type:
    """The type of an answer in a media type that is not JSON."""
    text = media.is_lines or media.type.startswith("text/") or media.essence.endswith("xml")
    return STRING if text else Scalar("bytes")


def _comes_in_pieces(operation: ApiOperation) -> bool:
    """Whether the answer is one event or one value after the other."""
    media = answer_media(operation)
    return media is not None and (media.is_lines or media.essence == "text/event-stream")


def _telling(param: Param, styles_by_name: Mapping[str, str]) -> Param:
    """Two items instead of one, since styles differ only from the second item on."""
    single = param.wire in styles_by_name and is_list(param.example) and len(param.example) == 1
    return replace(param, example=param.example * 2) if single else param


def answer_media(operation: ApiOperation) -> Media | None:
    """The media type that is requested for the response: JSON if there is one."""
    success = operation.success
    if success is None or success.status == "204" or operation.method == "HEAD":
        return None
    return main_media(success)


def main_media(response: ApiResponse) -> Media | None:
    """JSON if the response offers it, else its first media type."""
    return min(response.media.values(), key=_preference, default=None)


def _alike(media: Media, other: Media) -> bool:
    """Whether both say the same, though each says it at a place of its own."""
    if media.schema is None or other.schema is None or media.essence != other.essence:
        return False
    return [n.value for n in media.schema.nodes] == [n.value for n in other.schema.nodes]


def _preference(media: Media) -> int:
    """Plain JSON first, then JSON of a kind, then anything else."""
    return 2 - media.is_json - (media.essence in ("application/json", "*/*"))


def named_type(media: Media) -> str:
    """The Accept header for an answer in JSON; "" for the runtime's default."""
    usual = media.essence in ("application/json", "*/*")
    return media.essence if MEDIA_TYPE.fullmatch(media.essence) and not usual else ""


def other_successes(operation: ApiOperation) -> Iterator[tuple[int, ApiResponse]]:
    """The documented successes but the first, and what is not modified where that can be asked."""
    first = operation.success
    if operation.method == "HEAD":
        return
    for status, response in sorted(operation.responses.items()):
        code = int(status) if status.isdigit() else 0
        named = code in STATUSES and 200 <= code < 300
        if response is not first and (named or (code == 304 and _is_conditional(operation))):
            yield code, response


def _is_conditional(operation: ApiOperation) -> bool:
    names = (parameter.name.lower() for parameter in operation.parameters)
    return not CONDITIONS.isdisjoint(names)


def _says_no_content(operation: ApiOperation) -> bool:
    """Whether the document does not say what a read is answered with: hardly with nothing."""
    success = operation.success
    return (
        operation.method == "GET" and success is not None and success.status not in ("204", "205")
    )


def _leads_on(operation: ApiOperation) -> bool:
    """Whether a read is answered with nothing but a redirect, which is followed: what the caller
    wants is behind it."""
    return (
        operation.method == "GET"
        and operation.success is None
        and not REDIRECTS.isdisjoint(operation.responses)
    )


def idempotency_headers(operations: Iterable[ApiOperation]) -> list[str]:
    """Header parameters that the document describes as idempotency keys."""
    return [
        parameter.name
        for operation in operations
        for parameter in operation.parameters
        if parameter.where == "header" and parameter.name.lower() in IDEMPOTENCY_HEADERS
    ]


def _expands(operation: ApiOperation) -> bool:
    media = answer_media(operation)
    answer_object = core(media.schema) if media is not None and media.schema is not None else None
    values = answer_object.properties.values() if answer_object is not None else ()
    return any(value.type == "union" and expandable(value) for value in values)


def _detail(operation: ApiOperation, does: str) -> str:
    """What the description says beyond the summary."""
    return rest_of(operation.description, does, DETAIL)


def _failures(errors: Mapping[str, ApiResponse]) -> Iterator[Failure]:
    for status, response in sorted(errors.items()):
        yield Failure(
            status.upper() if status != "default" else status, sentence(response.description)
        )


def _status(success: ApiResponse | None) -> int:
    return int(success.status) if success is not None and success.status.isdigit() else 200
