"""The tests of an integration: one example call per method, then every fault over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.codegen.auth import secrets_of
from noctule.codegen.form import Auth, Integration, ListOf, Method, Param, Reference, Scalar, Type
from noctule.codegen.names import constant_name, free, python_name
from noctule.codegen.python.layout import Code, call, collection, joined, lay_out
from noctule.codegen.python.literals import Verbatim, literal, string
from noctule.codegen.python.source import Block, Imports, function, module
from noctule.codegen.python.suite_faults import faults
from noctule.codegen.python.suite_webhooks import webhook_tests
from noctule.codegen.values import is_object
from noctule.codegen.wire import Expected, expected, used

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNTIME = "noctule.runtime"
RESERVED = frozenset(
    {"anyio_backend", "b64decode", "call", "caplog", "clock", "credentials", "dataclass",
     "every_call", "events", "httpx2", "key_for", "logging", "monkeypatch", "provider", "pytest",
     "pytestmark", "receiver", "request", "router", "secrets", "sender", "service", "signed",
     "time", "tmp_path"}
)  # fmt: skip
CONSTANTS = frozenset(
    {"ANSWERS", "DECODED", "ENDPOINT", "EVENTS", "JSON", "REPEATABLE", "SECRETS", "SENT_ONCE",
     "TYPED"}
)  # fmt: skip
LONGEST_FIXTURE = 16


def suite_module(integration: Integration, package: str) -> str:
    """The source of the test file; `package` is the project's own top-level package."""
    return Suite(integration, package).text()


class Suite:
    """What the parts of the test file share."""

    def __init__(self, integration: Integration, package: str) -> None:
        self.integration = integration
        self.wrapper = integration.wrapper
        self.imports = Imports(package)
        self.secrets = tuple(dict.fromkeys(secrets_of(self.wrapper.auth)))
        slug = python_name(self.wrapper.slug)
        fits = slug not in RESERVED and len(slug) <= LONGEST_FIXTURE
        self.fixture = slug if fits else "service"
        self.names = self._example_names()
        """Method -> the function of the test file that calls it."""
        self.answers: dict[str, str] = {}
        """Name of a constant -> the source of its value."""
        self._constants: dict[str, str] = {}

    def _example_names(self) -> dict[str, str]:
        """pytest would take a function called `test_…` for a test."""
        taken = {*RESERVED, self.fixture}
        names = [method.name for method in self.wrapper.methods]
        taken |= {name for name in names if name.startswith("test")}
        return {name: free((name, f"call_{name}"), taken) for name in names}

    @property
    def service(self) -> str:
        """The parameter that asks for the service."""
        return f"{self.fixture}: {self.wrapper.name}"

    def text(self) -> str:
        for name in ("pytest",):
            self.imports.use("", name)
        self.imports.use(self.wrapper.module, self.wrapper.name)
        self.imports.use(f"{RUNTIME}.testing", "MockProvider")
        self.imports.use(f"{RUNTIME}.testing", "VirtualClock")
        calls = [self._example(method) for method in self.wrapper.methods]
        tests = [self._success(method) for method in self.wrapper.methods]
        webhooks = list(webhook_tests(self))
        blocks = [
            *self._setup(),
            *self._fixtures(),
            *calls,
            *self._tables(),
            *tests,
            *faults(self),
            *webhooks,
        ]
        first = f"{self.wrapper.service}: no network, no key, and no waiting (time is virtual)."
        return module([first], self.imports, blocks)

    def answer(self, method: Method) -> dict[str, Any]:
        """The arguments of `provider.replies` for a success of the method."""
        told: dict[str, Any] = {} if method.status == 200 else {"status": method.status}
        if method.returns is None:
            return told or {"status": method.status}
        if method.accepts:
            return {**told, "content": Verbatim(f"b{string(method.answer)}")}
        return {**told, "json": Verbatim(self.constant(method.returns, method.name, method.answer))}

    def constant(self, kind: Type, method: str, value: Any) -> str:
        """The name of the constant that holds this example."""
        named = kind.name if isinstance(kind, Reference) else f"{method}_answer"
        if name := self.known(value):
            return name
        taken = {*self._constants, *CONSTANTS}
        name = free((constant_name(named), constant_name(f"{method}_answer")), taken)
        self._constants[name] = repr(value)
        empty = "{}" in repr(value) or "[]" in repr(value)
        kind_ = f": {self.imports.use(RUNTIME, 'JSON')}" if empty else ""
        self.answers[name] = "\n".join(lay_out(joined(f"{name}{kind_} = ", literal(value))))
        return name

    def known(self, value: Any) -> str:
        """The constant that holds this example, or ""."""
        source = repr(value)
        return next((name for name, text in self._constants.items() if text == source), "")

    # -- what comes first

    def _setup(self) -> Iterator[Block]:
        yield Block(("pytestmark = pytest.mark.anyio",))
        if self.secrets:
            names = collection("[", map(string, self.secrets), "]")
            yield Block(tuple(lay_out(joined("SECRETS = ", names))))
        for method in self.wrapper.methods:
            self.answer(method)
        hooks = self.integration.webhooks.hooks if self.integration.webhooks else ()
        for hook in hooks:
            if hook.record:
                self.constant(Reference(hook.record), hook.name, hook.example)
        for source in self.answers.values():
            yield Block(tuple(source.split("\n")))

    def _fixtures(self) -> Iterator[Block]:
        yield fixture("anyio_backend", [], "str", ['    return "asyncio"'])
        if self.secrets:
            self.imports.use("", "secrets")
            yield fixture("credentials", ["monkeypatch: pytest.MonkeyPatch"], "dict[str, str]", [
                '    """Placeholders, new in every run."""',
                '    values = {name: f"test-{secrets.token_hex(16)}" for name in SECRETS}',
                "    for name, value in values.items():",
                "        monkeypatch.setenv(name, value)",
                "    return values",
            ], mark="@pytest.fixture(autouse=True)")  # fmt: skip
        self.imports.use(RUNTIME, "Event")
        yield fixture("events", [], "list[Event]", ["    return []"])
        parameters = ["provider: MockProvider", "clock: VirtualClock", "events: list[Event]"]
        made = call(
            f"return {self.wrapper.name}", "transport=provider", "clock=clock",
            "on_event=events.append",
        )  # fmt: skip
        body = [*self._token_answer(self.wrapper.auth), *lay_out(made, 4)]
        yield fixture(self.fixture, parameters, self.wrapper.name, body)

    def _token_answer(self, auth: Auth) -> Iterator[str]:
        """OAuth2: the provider hands out a token whenever it is asked for one."""
        for part in auth.parts or (auth,):
            if "url" in part.settings:
                route = f"POST {urlsplit(part.settings['url']).path}"
                answer = '{"access_token": "issued", "token_type": "Bearer", "expires_in": 3600}'
                yield f"    issued = {answer}"
                yield from lay_out(
                    call("provider.replies", "json=issued", "times=None", f"on={string(route)}"), 4
                )

    # -- one call per method

    def _example(self, method: Method) -> Block:
        arguments: list[Code] = [
            joined(f"{param.name}=", self._argument(param)) for param in used(method)
        ]
        start = f"return await {self.fixture}.{method.name}"
        if method.returns is None:
            start = start.removeprefix("return ")
        body = lay_out(call(start, *arguments), 4)
        returns = self._returned(method.returns)
        return Block(
            tuple(function(self.names[method.name], [self.service], returns, body)), definition=True
        )

    def _argument(self, param: Param) -> Code:
        binary = isinstance(param.type, Scalar) and param.type.kind in ("bytes", "file")
        return f"b{string(str(param.example))}" if binary else literal(param.example)

    def _returned(self, kind: Type | None) -> str:
        match kind:
            case None:
                return "None"
            case Reference(name):
                return self.imports.use(self.wrapper.module, name)
            case ListOf(Reference(name)):
                return f"list[{self.imports.use(self.wrapper.module, name)}]"
            case Scalar("string"):
                return "str"
            case Scalar("bytes"):
                return "bytes"
            case _:
                return self.imports.use(RUNTIME, "JSON")

    def _tables(self) -> Iterator[Block]:
        self.imports.use("collections.abc", "Awaitable")
        self.imports.use("collections.abc", "Callable")
        self.imports.use(RUNTIME, "JSON")
        alias = f"Call = Callable[[{self.wrapper.name}], Awaitable[object]]"
        pairs = [
            joined(f"{self.names[method.name]}: ", literal(self.answer(method)))
            for method in self.wrapper.methods
        ]
        table = joined("ANSWERS: dict[Call, dict[str, JSON]] = ", collection("{", pairs, "}"))
        marks = call("pytest.mark.parametrize", string("call"), "ANSWERS")
        yield Block((alias,))
        yield Block(tuple(lay_out(table)))
        yield Block(tuple(lay_out(joined("every_call = ", marks))))

    # -- one test of success per method

    def _success(self, method: Method) -> Block:
        fixed = {name: f"{{{name}}}" for _, _, name in method.fixed}
        wire = expected(self.wrapper, method, {name: f"0{name}0" for name in fixed})
        parameters = [self.service, "provider: MockProvider"]
        parameters += ["credentials: dict[str, str]"] if fixed else []
        answer = call("provider.replies", f"**ANSWERS[{self.names[method.name]}]")
        body = [*lay_out(answer, 4), ""]
        asked = f"await {self.names[method.name]}({self.fixture})"
        checks = list(self._result_checks(method))
        body += [f"    result = {asked}" if checks else f"    {asked}", ""]
        body += [f"    {self._one_request()}", *self._request_checks(method, wire, fixed)]
        lines = function(f"test_{method.name}", parameters, "None", [*body, *checks])
        return Block(tuple(lines), definition=True)

    def _one_request(self) -> str:
        token = any(
            "url" in part.settings for part in (self.wrapper.auth, *self.wrapper.auth.parts)
        )
        return "request = provider.requests[-1]" if token else "[request] = provider.requests"

    def _request_checks(
        self, method: Method, wire: Expected, fixed: dict[str, str]
    ) -> Iterator[str]:
        path = _filled(wire.path, fixed)
        both = collection("(", [string(method.verb), path], ")")
        yield from lay_out(joined("assert (request.method, request.path) == ", both), 4)
        if wire.query:
            yield from lay_out(joined("assert request.query == ", literal(dict(wire.query))), 4)
        for name, value in wire.headers.items():
            left = f"assert request.headers[{string(name)}] == "
            yield from lay_out(joined(left, string(value)), 4)
        if method.replay == "keyed":
            yield f"    assert request.headers[{string(self.wrapper.idempotency_header)}]"
        if wire.form is not None:
            yield from lay_out(joined("assert request.form == ", _values(wire.form, fixed)), 4)
        elif wire.json is not None:
            yield from lay_out(joined("assert request.json == ", _values(wire.json, fixed)), 4)
        elif method.body == "multipart":
            for param in used(method):
                if param.place == "body" and isinstance(param.example, str):
                    yield f"    assert b{string(param.example)} in request.body"
        elif method.body is not None:
            yield f"    assert request.body == b{string(wire.content.decode())}"

    def _result_checks(self, method: Method) -> Iterator[str]:
        match method.returns:
            case None:
                return
            case Reference(name):
                yield from self._member_checks("result", name, method.answer)
            case ListOf(Reference(name)):
                yield from self._member_checks("result[0]", name, method.answer[0])
            case _:
                answer = self.answer(method)
                value = answer.get("json") or answer.get("content")
                text = value.source if isinstance(value, Verbatim) else ""
                text = text.removeprefix("b") if method.returns == Scalar("string") else text
                yield f"    assert result == {text}"

    def _member_checks(self, left: str, record: str, answer: dict[str, Any]) -> Iterator[str]:
        """The first members that are plain values; else those of the first list."""
        known = next(one for one in self.wrapper.records if one.name == record)
        plain = [
            field
            for field in known.fields
            if field.wire in answer and isinstance(answer[field.wire], str | int | float)
        ]
        for field in plain[:3]:
            value = answer[field.wire]
            test = "is" if isinstance(value, bool) else "=="
            right = literal(value)
            yield from lay_out(joined(f"assert {left}.{field.name} {test} ", right), 4)
        if not plain:
            yield f"    assert isinstance({left}, {self.imports.use(self.wrapper.module, record)})"


def fixture(
    name: str, parameters: list[str], returns: str, body: list[str], mark: str = "@pytest.fixture"
) -> Block:
    lines = function(name, parameters, returns, body, decorators=[mark], asynchronous=False)
    return Block(tuple(lines), definition=True)


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
