"""Operations as constants, and the methods that call them, with iterators and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.model.integration import Nullable
from noctule.codegen.python.emitter.annotations import RUNTIME, annotation, optional
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, flat, joined, lay_out
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block, Imports, docstring, function
from noctule.codegen.python.naming import constant_name
from noctule.codegen.python.service.config import variable
from noctule.codegen.python.service.docstrings import all_doc, method_doc, stream_doc
from noctule.runtime.operation import IDEMPOTENT_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.codegen.model.integration import Failure, Method, Pages, Param, Place, Type
    from noctule.codegen.python.service.mode import Mode

ARGUMENTS: tuple[tuple[Place, str], ...] = (
    ("path", "path"), ("query", "query"), ("header", "headers"), ("body", "body")
)  # fmt: skip
"""The arguments of `call` that carry the parameters of each place."""


def operation_block(method: Method, imports: Imports) -> Block:
    """The constant that describes the operation."""
    items: list[Code] = [string(method.full_name), string(method.verb), string(method.path)]
    items.append(f"returns={_type(method.returns, imports)}")
    if method.also:
        others = (f"{status}: {_type(kind, imports)}" for status, kind in method.also.items())
        items.append(joined("also=", collection("{", list(others), "}")))
    if method.body:
        items.append(f"body={string(method.body)}")
    idempotent = method.reads or method.verb in IDEMPOTENT_METHODS
    if method.retry != ("idempotent" if idempotent else "never"):
        items.append(f"retry={string(method.retry)}")
    if method.reads_otherwise:
        items.append("reads=True")
    if method.styles:
        items.append(joined("styles=", literal(dict(method.styles))))
    if method.moves_money:
        items.append("moves_money=True")
    if method.accepts:
        items.append(f"accepts={string(method.accepts)}")
    if method.content_type:
        items.append(f"content_type={string(method.content_type)}")
    if method.server:
        items.append(f"server={string(method.server)}")
    if method.auth:
        items.append(f"auth={string(method.auth)}")
    if method.parts:
        items.append(joined("parts=", literal(dict(method.parts))))
    if method.nulls:
        items.append("nulls=True")
    if method.optional_body:
        items.append("optional_body=True")
    operation = call(imports.use(RUNTIME, "Operation"), *items)
    return Block(tuple(lay_out(joined(f"{constant_name(method.name)} = ", operation))))


class MethodWriter:
    """Writes methods into a class body; `caller` is the service, seen from there."""

    def __init__(
        self,
        methods: Iterable[Method],
        imports: Imports,
        mode: Mode,
        common: frozenset[Failure],
        caller: str = "self",
    ) -> None:
        self._methods = tuple(methods)
        self._imports = imports.in_class(method.name for method in self._methods)
        self._mode = mode
        self._common = common
        self._caller = caller

    def lines(self) -> Iterator[str]:
        """The methods with their iterators and streams, each after an empty line."""
        for method in self._methods:
            yield from ("", *self._once(method))
            if method.pages is not None:
                yield from ("", *self._all(method, method.pages))
            if method.streams:
                yield from ("", *self._stream(method))

    def _once(self, method: Method) -> list[str]:
        arguments = [constant_name(method.name), *self._places(method, method.params)]
        start = f"{self._mode.wait}{self._caller}.call"
        start = start if method.result is None else f"return {start}"
        body = [
            *docstring(method_doc(method, self._common), 8),
            *lay_out(call(start, *arguments, "options=options"), 8),
        ]
        parameters = ["self", "*", *map(self._parameter, method.params), self._options()]
        returns = _type(method.result, self._imports)
        return self._function(method.name, parameters, returns, body, waits=True)

    def _all(self, method: Method, pages: Pages) -> list[str]:
        params = [param for param in method.params if param.wire not in pages.steered]
        settings = (f"{name}={literal(value)}" for name, value in pages.settings.items())
        paging = f"{self._imports.use(RUNTIME, pages.kind)}({', '.join(settings)})"
        arguments: list[Code] = [self._caller, constant_name(method.name), paging]
        arguments += [*self._places(method, params), "max_items=max_items", "options=options"]
        start = f"return {self._imports.use(RUNTIME, self._mode.paginate)}"
        body = [*docstring(all_doc(method), 8), *lay_out(call(start, *arguments), 8)]
        count = f"max_items: {self._imports.builtin('int')} | None = None"
        parameters = ["self", "*", *map(self._parameter, params), count]
        kind = annotation(pages.item, "response", self._imports)
        iterator = self._imports.use("collections.abc", self._mode.iterator)
        name, returns = f"{method.name}_all", f"{iterator}[{kind}]"
        return self._function(name, [*parameters, self._options()], returns, body)

    def _stream(self, method: Method) -> list[str]:
        arguments = [constant_name(method.name), *self._places(method, method.params)]
        start = f"return {self._caller}.stream"
        body = [
            *docstring(stream_doc(method, self._mode), 8),
            *lay_out(call(start, *arguments, "options=options"), 8),
        ]
        stream = self._imports.use(RUNTIME, self._mode.stream)
        opened = self._imports.use("contextlib", self._mode.opened)
        parameters = ["self", "*", *map(self._parameter, method.params), self._options()]
        return self._function(f"{method.name}_stream", parameters, f"{opened}[{stream}]", body)

    def _function(
        self,
        name: str,
        parameters: list[str],
        returns: str,
        body: list[str],
        *,
        waits: bool = False,
    ) -> list[str]:
        asynchronous = waits and self._mode.asynchronous
        return function(name, parameters, returns, body, indent=4, asynchronous=asynchronous)

    def _options(self) -> str:
        return f"options: {self._imports.use(RUNTIME, 'CallOptions')} | None = None"

    def _parameter(self, param: Param) -> str:
        if param.required:
            kind = annotation(param.type, "argument", self._imports)
            kind = f"{kind} | None" if isinstance(param.type, Nullable) else kind
            return f"{param.name}: {kind}"
        return f"{param.name}: {optional(param.type, 'argument', self._imports)} = None"

    def _sent(self, param: Param) -> str:
        """What is sent for the argument: null for None where nothing may be left out."""
        if not (param.required and isinstance(param.type, Nullable)):
            return param.name
        null = self._imports.use(RUNTIME, "NULL")
        return f"{null} if {param.name} is None else {param.name}"

    def _with_headers(self, method: Method, param: Param) -> Code:
        """What is sent for the argument, with the headers of its part."""
        headers = method.headers_of(param)
        if not headers:
            return self._sent(param)
        pairs = (
            f"{string(name)}: {string(value) if isinstance(value, str) else value.name}"
            for name, value in headers.items()
        )
        part = self._imports.use(RUNTIME, "FormPart")
        return call(part, self._sent(param), collection("{", pairs, "}"))

    def _places(self, method: Method, params: Iterable[Param]) -> Iterator[Code]:
        for place, argument in ARGUMENTS:
            here = [param for param in params if param.place == place]
            named = [param for param in here if param.role == "named"]
            other = next((param for param in here if param.role in ("whole", "extra")), None)
            pairs: list[Code] = [
                joined(f"{string(param.wire)}: ", self._with_headers(method, param))
                for param in named
            ]
            pairs += [
                f"{string(wire)}: {variable(name, self._imports)}.read().reveal()"
                for fixed, wire, name in method.fixed
                if fixed == place
            ]
            if place == "header":
                pairs += _cookies(params)
            if place == "path":
                pairs.sort(key=lambda pair: method.path.find(flat(pair).split('"')[1]))
            if other is not None and other.role == "whole":
                yield f"{argument}={other.name}"
            elif other is not None:
                extended = self._imports.use(RUNTIME, "with_extra")
                members = call(extended, collection("{", pairs, "}"), other.name)
                yield joined(f"{argument}=", members)
            elif pairs:
                yield joined(f"{argument}=", collection("{", pairs, "}"))


def _cookies(params: Iterable[Param]) -> list[Code]:
    """The header with the parameters that are cookies."""
    pairs = [f"{string(param.wire)}: {param.name}" for param in params if param.place == "cookie"]
    return [joined('"Cookie": ', collection("{", pairs, "}"))] if pairs else []


def _type(kind: Type | None, imports: Imports) -> str:
    return "None" if kind is None else annotation(kind, "response", imports)
