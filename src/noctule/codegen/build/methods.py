"""Operations of the document -> methods of the wrapper."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from noctule.codegen.build.examples import ExampleBuilder
from noctule.codegen.build.pagination import pages_of
from noctule.codegen.build.requests import (
    IDEMPOTENCY_HEADERS,
    Conventions,
    ParameterBuilder,
    body_of,
    content_type,
    styles,
)
from noctule.codegen.build.types.responses import ResponseTypes, core, expandable
from noctule.codegen.model.integration import (
    JSON,
    READS,
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc import ApiOperation, ApiResponse, Media
    from noctule.codegen.build.resources import MethodPlace
    from noctule.codegen.model.integration import Param

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
EXPANDING = frozenset({"expand", "expand[]"})
"""Parameters that replace ids in a response by objects, which would break its type."""
DETAIL = 320


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
            path=operation.path.partition("#")[0],
            params=params,
            fixed=self._requests.fixed(operation),
            returns=returns,
            body=body,
            retry=self._retry_mode(operation, idempotent=bool(fact and fact.idempotent)),
            reads=operation.method in READS or bool(fact and fact.reads),
            styles=styles_by_name,
            moves_money=bool(fact and fact.moves_money),
            accepts=accepts,
            content_type=content_type(media, body) if media and body else "",
            failures=tuple(_failures(operation.errors)),
            response_example=example,
            status=_status(operation.success),
            pages=pages,
            resource=place.resource,
            streams=returns == Scalar("bytes") or accepts == "text/event-stream",
        )

    def _returns(self, name: str, operation: ApiOperation) -> tuple[Type | None, str, Any]:
        """Type, media type ("" for JSON) and an example."""
        media = answer_media(operation)
        if media is None:
            return None, "", None
        if "json" in media.type or media.type == "*/*":
            if media.schema is None:
                return JSON, "", {"example": True}
            kind = self._answers.root(
                media.schema, f"{name}_result", f"Response of `{self._names[operation.key]}`."
            )
            if not isinstance(kind, Reference | ListOf):
                kind = JSON
            if example := next(iter(media.examples), None):
                return kind, "", self._examples.documented(kind, example)
            return kind, "", self._examples.value(kind, media.schema)
        if media.type.startswith("text/") or media.type.endswith("xml"):
            return STRING, media.type, "content"
        return Scalar("bytes"), media.type, "content"

    def _retry_mode(self, operation: ApiOperation, *, idempotent: bool) -> RetryMode:
        if operation.method in SAFE:
            return "idempotent"
        pack, header = self._conventions.pack, self._conventions.idempotency_header
        if pack and pack.idempotency and operation.method in pack.idempotency.methods:
            return "with_key"
        if idempotent:
            return "idempotent"
        if pack and pack.idempotency:
            return "never"
        return "with_key" if header and header in idempotency_headers([operation]) else "never"


def _telling(param: Param, styles_by_name: Mapping[str, str]) -> Param:
    """Two items instead of one, since styles differ only from the second item on."""
    single = param.wire in styles_by_name and is_list(param.example) and len(param.example) == 1
    return replace(param, example=param.example * 2) if single else param


def answer_media(operation: ApiOperation) -> Media | None:
    """The media type that is requested for the response: JSON if there is one."""
    success = operation.success
    if success is None or not success.media or success.status == "204":
        return None
    media = sorted(success.media.values(), key=lambda media: "json" not in media.type)
    return None if operation.method == "HEAD" else media[0]


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
