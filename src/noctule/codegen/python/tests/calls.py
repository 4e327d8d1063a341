"""The table of example calls: for each method the call, the request and the answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from noctule.codegen.build.examples import renamed, sparse
from noctule.codegen.build.expected_request import Expected, expected, used
from noctule.codegen.model.integration import Reference, Scalar
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import (
    Code,
    Strings,
    call,
    collection,
    columns,
    joined,
    lay_out,
    width,
)
from noctule.codegen.python.emitter.literals import literal, octets, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.naming import constant_name
from noctule.codegen.python.tests.context import CONTRACT
from noctule.codegen.python.tests.example_answers import nested
from noctule.codegen.python.tests.profile import credentials_code, digest_code
from noctule.json_types import is_list, is_object
from noctule.runtime.encoding import header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from noctule.codegen.model.integration import Method, Pages, Param
    from noctule.codegen.python.tests.context import FileContext
    from noctule.codegen.python.tests.example_answers import ExampleAnswers

READABLE = "[]@:/,;$!*'()~"
"""Signs that may be in a query as they are."""
INDENT = 8
"""Columns in front of the arguments of a row."""
INDENT_STEP = 4


class CallTable:
    """The table of one module. `resource` is the attribute of the service that has the methods,
    `module` holds their operations."""

    def __init__(
        self, context: FileContext, answers: ExampleAnswers, module: str, resource: str = ""
    ) -> None:
        self._context = context
        self._answers = answers
        self._module = module
        self._callee = f"{context.argument}.{resource}" if resource else context.argument
        self._sparse: set[str] = set()
        """Records whose optional members are tested by a row above."""

    def block(self, methods: Iterable[Method]) -> Block:
        service = self._context.imports.use(
            self._context.wrapper.module, self._context.wrapper.name
        )
        row = self._context.imports.use(CONTRACT, "ExampleCall")
        rows = [
            joined(f"{string(method.full_name)}: ", call(row, *self._row(method)))
            for method in methods
        ]
        table = collection("{", rows, "}")
        return Block(tuple(lay_out(joined(f"CALLS: dict[str, {row}[{service}]] = ", table))))

    def _row(self, method: Method) -> Iterator[Code]:
        fixed = {name: f"0{name}0" for _, _, name in method.fixed}
        request = expected(self._context.wrapper, method, fixed)
        arguments = [*example_arguments(method), "options=options"]
        yield self._lambda(["options"], method.name, arguments)
        yield from self._request(method, request)
        yield from self._body(method, request)
        yield from self._answer(method)
        if method.retry != self._usual_retry(method):
            yield f"retry={string(method.retry)}"
        if method.reads_otherwise:
            yield "reads=True"
        if method.moves_money:
            yield f"payment={self._context.imports.use(self._module, constant_name(method.name))}"
        if method.pages is not None:
            yield joined("pages=", self._pages(method, method.pages))
        if method.streams:
            arguments = example_arguments(method)
            opened = self._lambda([], f"{method.name}_stream", arguments, len("stream="))
            yield joined("stream=", opened)

    def _lambda(
        self, parameters: Sequence[str], method: str, arguments: Iterable[Code], before: int = 0
    ) -> Code:
        """The call as a function of the service; `before` are the columns in front of it, beside
        those of a row's arguments. A head that does not fit puts the body in parentheses."""
        head = f"lambda {', '.join([self._context.argument, *parameters])}: "
        callee = f"{self._callee}.{method}"
        body = call(callee, *arguments)
        if INDENT + before + width(f"{head}{callee}(") <= columns():
            return joined(head, body)
        return joined(head, collection("(", [body], ")"))

    # -- the request

    def _request(self, method: Method, request: Expected) -> Iterator[Code]:
        pairs = [(name, _placeholders(value, method)) for name, value in request.query]
        query = "&".join(f"{_query_text(name)}={_query_text(value)}" for name, value in pairs)
        line = f"{method.verb} {_placeholders(request.path, method)}"
        yield _broken(f"{line}?{query}" if query else line)
        headers = {name: _placeholders(text, method) for name, text in request.headers.items()}
        headers |= {"Accept": method.accepts} if method.accepts else {}
        headers |= {"Content-Type": method.content_type} if method.content_type else {}
        if headers:
            yield joined("headers=", literal(headers))
        if method.server:
            yield f"url={string(self._context.url_of(method))}"
        credentials = credentials_code(self._context.wrapper, method, self._context.imports)
        if credentials is not None:
            yield joined("credentials=", credentials)
        if (digest := digest_code(self._context.wrapper, method)) is not None:
            yield joined("digest=", digest)

    def _body(self, method: Method, request: Expected) -> Iterator[Code]:
        if request.form is not None:
            pairs = [(name, _placeholders(value, method)) for name, value in request.form]
            yield joined("form=", literal(_grouped(pairs)))
        elif request.json is not None:
            yield joined("json=", literal(_placeholders(request.json, method)))
        elif method.body == "multipart":
            texts = [text for param in used(method) for text in _part_texts(param, method)]
            texts += [
                f"{name}: {value}"
                for headers in method.part_headers.values()
                for name, value in headers.items()
            ]
            yield joined("parts=", collection("[", map(octets, texts), "]"))
        elif request.content:
            yield f"body={octets(request.content.decode())}"

    # -- the answer

    def _answer(self, method: Method) -> Iterator[Code]:
        if method.status != 200:
            yield f"status={method.status}"
        if method.returns is None:
            return
        if not method.reads_json:
            yield f"content={octets(method.response_example)}"
            return
        yield joined("answer=", self._answers.code(method.returns, method.response_example))
        example = method.response_example
        least = sparse(method.returns, example, self._context.wrapper.record_of)
        if least != example and self._has_optional_renamed(method.returns, example):
            yield joined("least=", literal(least))

    def _has_optional_renamed(self, kind: Any, value: Any) -> bool:
        """Whether an optional member has another name in code, in a record without a test so far:
        its default is then written out, and may be forgotten."""
        different = False
        for record, members in nested(kind, value):
            fields = self._context.wrapper.record_of[record].fields
            own = any(
                renamed(field) and not field.required and field.wire in members for field in fields
            )
            different = different or (own and record not in self._sparse)
            self._sparse.add(record)
            for field in fields:
                inner = self._has_optional_renamed(field.type, members.get(field.wire))
                different = inner or different
        return different

    def _usual_retry(self, method: Method) -> str:
        if method.reads or method.verb in ("PUT", "DELETE"):
            return "idempotent"
        return "with_key" if self._context.wrapper.idempotency_header else "never"

    # -- pages

    def _pages(self, method: Method, pages: Pages) -> Code:
        imports = self._context.imports
        settings = (f"{name}={literal(value)}" for name, value in pages.settings.items())
        arguments = [
            *example_arguments(method, pages.steered),
            "max_items=max_items",
            "options=options",
        ]
        names = ["max_items", "options"]
        read = self._lambda(names, f"{method.name}_all", arguments, INDENT_STEP)
        items: list[Code] = [read, call(imports.use(RUNTIME, pages.kind), *settings)]
        items += self._item(method, pages)
        if pages.names:
            paths = {name: list(names) for name, names in pages.names.items()}
            items.append(joined("names=", literal(paths)))
        return call(imports.use(CONTRACT, "ExamplePages"), *items)

    def _item(self, method: Method, pages: Pages) -> Iterator[Code]:
        """The item of the pages, where the example answer has none that serves."""
        item = _first_item(method, pages)
        if item is None:
            yield joined("item=", self._answers.code(pages.item, pages.example))
        elif pages.kind == "LastId" and "id" in pages.example and "id" not in item:
            identity = joined('"id": ', literal(pages.example["id"]))
            record = pages.item.name if isinstance(pages.item, Reference) else ""
            if name := record and self._answers.constant(record, item):
                yield joined("item=", collection("{", [f"**{name}", identity], "}"))
            else:
                yield joined("item=", literal({**item, "id": pages.example["id"]}))


def _first_item(method: Method, pages: Pages) -> Any:
    """The first item of the example answer, or None."""
    usual = "" if pages.kind == "LinkHeader" else "data"
    value = method.response_example
    if items := str(pages.settings.get("items", usual)):
        value = value.get(items) if is_object(value) else None
    return value[0] if is_list(value) and value else None


def example_arguments(method: Method, without: frozenset[str] = frozenset()) -> list[Code]:
    """The arguments of the example call, but those whose wire names are in `without`."""
    return [
        joined(f"{param.name}=", _argument(param))
        for param in used(method)
        if param.wire not in without
    ]


def _argument(param: Param) -> Code:
    binary = isinstance(param.type, Scalar) and param.type.kind in ("bytes", "file")
    return octets(str(param.example)) if binary else literal(param.example)


def _part_texts(param: Param, method: Method) -> Iterator[str]:
    """What a multipart body contains of a parameter."""
    if param.role == "part_header":
        yield f"{param.wire}: {header(param.wire, param.example)}"
    elif param.role == "extra":
        yield from (f'name="{name}"' for name in param.example)
    elif param.place == "body" and param.role == "named":
        deep = method.styles.get(param.wire) == "deepObject"
        whole = [(param.wire, param.example)]
        for name, value in _deep(param.wire, param.example) if deep else whole:
            yield f'name="{name}"'
            if isinstance(value, str):
                yield value


def _deep(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each value that an example holds, under the name of its part."""
    if not (is_object(value) or is_list(value)):
        yield name, value
        return
    pairs: Iterable[tuple[Any, Any]] = value.items() if is_object(value) else enumerate(value)
    for key, member in pairs:
        yield from _deep(f"{name}[{key}]", member)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names and values; a repeated name has a list of them."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in values.items()}


def _broken(request: str) -> Code:
    """The request as a string literal, or several where it does not fit on a line."""
    pieces = [""]
    for part in re.split(r"(?<=[/?&])", request):
        if INDENT + width(f"{string(pieces[-1] + part)},") > columns() and pieces[-1]:
            pieces.append("")
        pieces[-1] += part
    return Strings(tuple(map(string, pieces))) if len(pieces) > 1 else string(request)


def _query_text(text: str) -> str:
    return quote_plus(text, safe=f"{READABLE}{{}}")


def _placeholders(value: Any, method: Method) -> Any:
    """With `{NAME}` for the value of each environment variable that the method sends."""
    if isinstance(value, str):
        for _, _, name in method.fixed:
            value = value.replace(f"0{name}0", f"{{{name}}}")
        return value
    if is_object(value):
        return {key: _placeholders(member, method) for key, member in value.items()}
    return [_placeholders(item, method) for item in value] if is_list(value) else value
