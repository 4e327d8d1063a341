"""The tests of an integration: one example call per method, then every fault over all of them."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noctule.codegen.build.auth import secrets_of
from noctule.codegen.model.integration import Authentication, ListOf, Reference, Scalar
from noctule.codegen.model.naming import free
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import call, collection, columns, joined, lay_out
from noctule.codegen.python.emitter.literals import Verbatim, literal, octets, string
from noctule.codegen.python.emitter.module import Block, Imports, function, module
from noctule.codegen.python.naming import constant_name, python_name
from noctule.codegen.python.tests.calls import example_call, success_tests
from noctule.codegen.python.tests.faults import faults
from noctule.codegen.python.tests.webhooks import webhook_tests
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.codegen.model.integration import Integration, Method, Resource, Type
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe

RESERVED = frozenset(
    {"anyio_backend", "b64decode", "blueprint", "call", "caplog", "clock", "credentials",
     "dataclass", "every_call", "events", "get_wsgi_application", "httpx2", "inbox", "key_for",
     "logging", "monkeypatch", "os", "provider", "pytest", "pytestmark", "receiver", "request",
     "router", "secrets", "sender", "service", "settings", "signed", "time", "tmp_path"}
)  # fmt: skip
CONSTANTS = frozenset(
    {"ANSWERS", "DECODED", "ENDPOINT", "EVENTS", "JSON", "REPEATABLE", "SECRETS",
     "SENT_ONCE", "SPARSE", "TYPED"}
)  # fmt: skip
LONGEST_FIXTURE = 16
HOME = "https://api.test"
"""Where a service is pointed to whose document names no address."""


def suite_module(integration: Integration, package: str, framework: FrameworkRecipe) -> str:
    """The source of the test file; `package` is the project's own top-level package."""
    suite = Suite(integration, package, framework, integration.wrapper.methods)
    return suite.text(calls=True, webhooks=True)


def resource_suite(
    integration: Integration, resource: Resource, package: str, framework: FrameworkRecipe
) -> str:
    """The test file of one resource of a whole API."""
    suite = Suite(integration, package, framework, resource.methods, f".{resource.name}")
    suite.home = resource.module
    return suite.text(calls=True, webhooks=False)


def webhook_suite(integration: Integration, package: str, framework: FrameworkRecipe) -> str:
    """The test file of the webhooks alone."""
    return Suite(integration, package, framework, ()).text(calls=False, webhooks=True)


class Suite:
    """What the parts of the test file share."""

    def __init__(
        self,
        integration: Integration,
        package: str,
        framework: FrameworkRecipe,
        methods: tuple[Method, ...],
        resource: str = "",
    ) -> None:
        self.integration = integration
        self.wrapper = integration.wrapper
        self.methods = methods
        self.framework = framework
        self.mode = framework.mode
        self.imports = Imports(package)
        self.secrets = tuple(dict.fromkeys(secrets_of(self.wrapper.auth)))
        slug = python_name(self.wrapper.slug)
        fits = slug not in RESERVED and len(slug) <= LONGEST_FIXTURE
        self.fixture = slug if fits else "service"
        self.callee = f"{self.fixture}{resource}"
        """What the methods are called on."""
        self.home = self.wrapper.module
        """The module of the operations."""
        self.names = self._example_names()
        """Method -> the function of the test file that calls it."""
        self.answers: dict[str, str] = {}
        """Name of a constant -> the source of its value."""
        self._constants: dict[str, str] = {}

    def _example_names(self) -> dict[str, str]:
        """pytest would take a function called `test_…` for a test."""
        taken = {*RESERVED, *dir(builtins), self.fixture}
        names = [method.name for method in self.methods]
        taken |= {name for name in names if name.startswith("test")}
        return {name: free((name, f"call_{name}"), taken) for name in names}

    @property
    def service(self) -> str:
        """The parameter that asks for the service."""
        return f"{self.fixture}: {self.wrapper.name}"

    @property
    def origin(self) -> str:
        """Where the service sends its requests."""
        return (self.wrapper.base_url or HOME).rstrip("/")

    def text(self, *, calls: bool, webhooks: bool) -> str:
        self.imports.use("", "pytest")
        parts: list[Block] = []
        if calls:
            self.imports.use(self.wrapper.module, self.wrapper.name)
            self.imports.use(f"{RUNTIME}.testing", "MockProvider")
            self.imports.use(f"{RUNTIME}.testing", "VirtualClock")
            parts = [
                *(example_call(self, method) for method in self.methods),
                *self._tables(),
                *(block for method in self.methods for block in success_tests(self, method)),
                *faults(self),
            ]
        deliveries = list(webhook_tests(self)) if webhooks else []
        blocks = [*self._setup(calls=calls), *self._fixtures(calls=calls), *parts, *deliveries]
        first = f"{self.wrapper.service}: no network, no key, and no waiting (time is virtual)."
        return module([first], self.imports, blocks)

    def function(
        self, name: str, parameters: Iterable[str], returns: str, body: Iterable[str],
        *, decorators: Iterable[Any] = (), indent: int = 0,
    ) -> list[str]:  # fmt: skip
        """A function that waits, where this code does."""
        return function(
            name, parameters, returns, body, indent=indent, decorators=decorators,
            asynchronous=self.mode.asynchronous,
        )  # fmt: skip

    def calls(self, method: str, start: str, *, waits: bool = True) -> tuple[list[str], str]:
        """What a call of the method begins with, after a line that makes room where it is long."""
        start += self.mode.wait if waits else ""
        if len(f"    {start}{self.callee}.{method}(") <= columns() or self.callee == self.fixture:
            return [], f"{start}{self.callee}.{method}"
        return [f"    part = {self.callee}"], f"{start}part.{method}"

    def record(self, name: str) -> str:
        return self.imports.use(self.wrapper.homes[name], name)

    def answer(self, method: Method) -> dict[str, Any]:
        """The arguments of `provider.replies` for a success of the method."""
        told: dict[str, Any] = {} if method.status == 200 else {"status": method.status}
        if method.returns is None:
            return told or {"status": method.status}
        if method.accepts:
            return {**told, "content": Verbatim(octets(method.answer))}
        return {**told, "json": Verbatim(self.constant(method.returns, method.name, method.answer))}

    def constant(self, kind: Type, method: str, value: Any) -> str:
        """The name of the constant that holds this example."""
        named = kind.name if isinstance(kind, Reference) else f"{method}_answer"
        source = repr(value)
        known = next((name for name, text in self._constants.items() if text == source), "")
        if known:
            return known
        taken = {*self._constants, *CONSTANTS}
        name = free((constant_name(named), constant_name(f"{method}_answer")), taken)
        self._constants[name] = source
        told = name if _plainly_typed(value) else f"{name}: {self._container(value)}"
        self.answers[name] = "\n".join(lay_out(joined(f"{told} = ", literal(value))))
        return name

    def _container(self, value: Any) -> str:
        """What an example is, where parts of it are empty, so that nobody can tell of what."""
        json = self.imports.use(RUNTIME, "JSON")
        return f"dict[str, {json}]" if is_object(value) else f"list[{json}]"

    # -- what comes first

    def _setup(self, *, calls: bool) -> Iterator[Block]:
        if self.mode.asynchronous:
            yield Block(("pytestmark = pytest.mark.anyio",))
        if self.secrets and calls:
            names = collection("[", map(string, self.secrets), "]")
            yield Block(tuple(lay_out(joined("SECRETS = ", names))))
        for source in self.answers.values():
            yield Block(tuple(source.split("\n")))

    def _fixtures(self, *, calls: bool) -> Iterator[Block]:
        if self.mode.asynchronous:
            yield fixture("anyio_backend", [], "str", ['    return "asyncio"'])
        if not calls:
            return
        if self.secrets:
            self.imports.use("", "secrets")
            yield fixture("credentials", ["monkeypatch: pytest.MonkeyPatch"], "dict[str, str]", [
                '    """Placeholders, new in every run."""',
                '    values = {name: f"test-{secrets.token_hex(16)}" for name in SECRETS}',
                "    for name, value in values.items():",
                "        monkeypatch.setenv(name, value)",
                "    return values",
            ], mark="@pytest.fixture(autouse=True)")  # fmt: skip
        self.imports.use(RUNTIME, "TelemetryEvent")
        yield fixture("events", [], "list[TelemetryEvent]", ["    return []"])
        parameters = [
            "provider: MockProvider",
            "clock: VirtualClock",
            "events: list[TelemetryEvent]",
        ]
        address = [] if self.wrapper.base_url else [f"base_url={string(HOME)}"]
        given = [*address, "transport=provider", "clock=clock", "on_event=events.append"]
        made = call(f"return {self.wrapper.name}", *given)
        body = [*self._token_answer(self.wrapper.auth), *lay_out(made, 4)]
        yield fixture(self.fixture, parameters, self.wrapper.name, body)

    def _token_answer(self, auth: Authentication) -> Iterator[str]:
        """OAuth2: the provider hands out a token whenever it is asked for one."""
        for part in auth.parts or (auth,):
            if "url" in part.settings:
                route = f"POST {urlsplit(part.settings['url']).path}"
                answer = '{"access_token": "issued", "token_type": "Bearer", "expires_in": 3600}'
                yield f"    issued = {answer}"
                yield from lay_out(
                    call("provider.replies", "json=issued", "times=None", f"on={string(route)}"), 4
                )

    # -- tables over all methods

    def returned(self, kind: Type | None) -> str:
        """The annotation of a function that returns what the method does."""
        match kind:
            case None:
                return "None"
            case Reference(name):
                return self.record(name)
            case ListOf(Reference(name)):
                return f"list[{self.record(name)}]"
            case Scalar("string"):
                return "str"
            case Scalar("bytes"):
                return "bytes"
            case _:
                return self.imports.use(RUNTIME, "JSON")

    def _tables(self) -> Iterator[Block]:
        self.imports.use("collections.abc", "Callable")
        self.imports.use(RUNTIME, "JSON")
        given = "object"
        if self.mode.asynchronous:
            given = f"{self.imports.use('collections.abc', 'Awaitable')}[object]"
        alias = f"Call = Callable[..., {given}]"
        pairs = [
            joined(f"{self.names[method.name]}: ", literal(self.answer(method)))
            for method in self.methods
        ]
        table = joined("ANSWERS: dict[Call, dict[str, JSON]] = ", collection("{", pairs, "}"))
        marks = call("pytest.mark.parametrize", string("call"), "ANSWERS")
        yield Block((alias,))
        yield Block(tuple(lay_out(table)))
        yield Block(tuple(lay_out(joined("every_call = ", marks))))


def fixture(
    name: str, parameters: list[str], returns: str, body: list[str], mark: str = "@pytest.fixture"
) -> Block:
    lines = function(name, parameters, returns, body, decorators=[mark], asynchronous=False)
    return Block(tuple(lines), definition=True)


def _plainly_typed(value: Any) -> bool:
    """Whether type checkers know what it holds: nothing in it is empty."""
    if is_object(value):
        return bool(value) and all(map(_plainly_typed, value.values()))
    return bool(value) and all(map(_plainly_typed, value)) if is_list(value) else True
