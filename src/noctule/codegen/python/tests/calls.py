"""One example call per method, and what it must put on the wire and bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.codegen.build.expected_request import Expected, expected, used
from noctule.codegen.model.integration import ListOf, Method, Reference, Scalar
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import (
    Code,
    call,
    collection,
    columns,
    flat,
    joined,
    lay_out,
    width,
)
from noctule.codegen.python.emitter.literals import Verbatim, literal, octets, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.tests.pages import pages_test
from noctule.json_types import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import Param, Type
    from noctule.codegen.python.tests.module import Suite


def example_call(suite: Suite, method: Method) -> Block:
    """A function that makes the call, with the document's examples."""
    arguments = [*example_arguments(method), "options=options"]
    options = suite.imports.use(RUNTIME, "CallOptions")
    before, start = suite.calls(method.name, "" if method.returns is None else "return ")
    lines = suite.function(
        suite.names[method.name],
        [suite.service, f"options: {options} | None = None"],
        suite.returned(method.returns),
        [*before, *lay_out(call(start, *arguments), 4)],
    )
    return Block(tuple(lines), definition=True)


def example_arguments(method: Method, without: frozenset[str] = frozenset()) -> list[Code]:
    return [
        joined(f"{param.name}=", _argument(param))
        for param in used(method)
        if param.wire not in without
    ]


def _argument(param: Param) -> Code:
    binary = isinstance(param.type, Scalar) and param.type.kind in ("bytes", "file")
    return octets(str(param.example)) if binary else literal(param.example)


def success_tests(suite: Suite, method: Method) -> Iterator[Block]:
    """The call once; its list page by page; its content piece by piece."""
    yield Success(suite, method).block()
    if method.pages is not None:
        yield pages_test(
            suite, method, method.pages, example_arguments(method, method.pages.steered)
        )
    if method.streams:
        yield _stream_test(suite, method)


class Success:
    def __init__(self, suite: Suite, method: Method) -> None:
        self._suite = suite
        self._method = method
        self._fixed = {name: f"{{{name}}}" for _, _, name in method.fixed}

    def block(self) -> Block:
        suite, method = self._suite, self._method
        wire = expected(suite.wrapper, method, {name: f"0{name}0" for name in self._fixed})
        parameters = [suite.service, "provider: MockProvider", "events: list[TelemetryEvent]"]
        parameters += ["credentials: dict[str, str]"] if self._fixed else []
        answer = call("provider.replies", f"**ANSWERS[{suite.names[method.name]}]")
        body = [*lay_out(answer, 4), ""]
        checks = list(self._result_checks())
        asked = call(f"{suite.mode.wait}{suite.names[method.name]}", suite.fixture)
        body += lay_out(joined("result = ", asked) if checks else asked, 4)
        told = joined(
            "assert {event.operation for event in events} == ",
            collection("{", [string(method.full_name)], "}"),
        )
        body += ["", f"    {self._one_request()}", *self._request_checks(wire), *checks]
        body += lay_out(told, 4)
        return Block(
            tuple(suite.function(f"test_{method.name}", parameters, "None", body)),
            definition=True,
        )

    def _one_request(self) -> str:
        auth = self._suite.wrapper.auth
        token = any("url" in part.settings for part in (auth, *auth.parts))
        return "request = provider.requests[-1]" if token else "[request] = provider.requests"

    def _request_checks(self, wire: Expected) -> Iterator[str]:
        method = self._method
        path = _filled(wire.path, self._fixed)
        both = collection("(", [string(method.verb), path], ")")
        yield from lay_out(joined("assert (request.method, request.path) == ", both), 4)
        if wire.query:
            yield from lay_out(joined("assert request.query == ", literal(dict(wire.query))), 4)
        for name, value in wire.headers.items():
            left = f"assert request.headers[{string(name)}] == "
            yield from lay_out(joined(left, string(value)), 4)
        if method.accepts:
            left = 'assert request.headers["accept"] == '
            yield from lay_out(joined(left, string(method.accepts)), 4)
        if method.content_type:
            left = 'assert request.headers["content-type"] == '
            yield from lay_out(joined(left, string(method.content_type)), 4)
        if method.retry == "with_key":
            yield f"    assert request.headers[{string(self._suite.wrapper.idempotency_header)}]"
        yield from self._body_checks(wire)

    def _body_checks(self, wire: Expected) -> Iterator[str]:
        method = self._method
        if wire.form is not None:
            yield from lay_out(
                joined("assert request.form == ", _values(wire.form, self._fixed)), 4
            )
        elif wire.json is not None:
            yield from lay_out(
                joined("assert request.json == ", _values(wire.json, self._fixed)), 4
            )
        elif method.body == "multipart":
            for param in used(method):
                if param.place == "body" and isinstance(param.example, str):
                    yield f"    assert {octets(param.example)} in request.body"
        elif method.body is not None:
            yield from lay_out(joined("assert request.body == ", octets(wire.content.decode())), 4)

    def _result_checks(self) -> Iterator[str]:
        method = self._method
        match method.returns:
            case None:
                return
            case Reference(name):
                yield from self._member_checks("result", name, method.answer, method.returns)
            case ListOf(Reference(name)):
                yield from self._member_checks("result[0]", name, method.answer[0], method.returns)
            case _:
                answer = self._suite.answer(method)
                value = answer.get("json") or answer.get("content")
                text = value.source if isinstance(value, Verbatim) else ""
                text = text.removeprefix("b") if method.returns == Scalar("string") else text
                yield f"    assert result == {text}"

    def _member_checks(
        self, left: str, record: str, answer: dict[str, Any], returns: Type
    ) -> Iterator[str]:
        """Plain members one by one, as code reads them; then all that was received."""
        known = self._suite.wrapper.record_of[record]
        plain = 0
        for field in known.fields:
            value = answer.get(field.wire)
            if not isinstance(value, str | int | float):
                continue
            test = "is" if isinstance(value, bool) else "=="
            line = f"    assert {left}.{field.name} {test} {flat(literal(value))}"
            if width(line) <= columns():
                plain += 1
                yield line
        if plain < len(answer) or not plain:
            received = self._suite.imports.use(f"{RUNTIME}.testing", "as_received")
            constant = self._suite.constant(returns, self._method.name, self._method.answer)
            yield from lay_out(joined(f"assert {received}(result) == ", constant), 4)


def _stream_test(suite: Suite, method: Method) -> Block:
    mode = suite.mode
    before, start = suite.calls(f"{method.name}_stream", f"{mode.start}with ", waits=False)
    opened = call(start, *example_arguments(method), close=") as stream:")  # fmt: skip
    pieces = "[piece async for piece in stream]" if mode.asynchronous else "list(stream)"
    body = [
        *lay_out(call("provider.replies", f"**ANSWERS[{suite.names[method.name]}]"), 4),
        *before,
        *lay_out(opened, 4),
        f"        pieces = {pieces}",
        f'    assert b"".join(pieces) == {octets(method.answer)}',
    ]
    parameters = [suite.service, "provider: MockProvider"]
    name = f"test_{method.name}_piece_by_piece"
    return Block(tuple(suite.function(name, parameters, "None", body)), definition=True)


def _filled(text: str, fixed: dict[str, str]) -> str:
    """A string literal, or an f-string where credentials are part of it."""
    source = string(text)
    for name in fixed:
        if f"0{name}0" in source:
            source = source.replace("{", "{{").replace("}", "}}")
            source = source.replace(f"0{name}0", f"{{credentials['{name}']}}")
            source = source if source.startswith("f") else f"f{source}"
    return source


def _values(value: Any, fixed: dict[str, str]) -> Code:
    """A literal in which the credentials' stand-ins are looked up."""
    standing = {f"0{name}0": Verbatim(f"credentials[{string(name)}]") for name in fixed}
    if is_object(value):
        return literal({key: standing.get(str(item), item) for key, item in value.items()})
    return literal(value)
