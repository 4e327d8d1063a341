"""The faults that every call must survive, as parametrised tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.build.examples import sparse
from noctule.codegen.model.integration import Authentication, ListOf, Method, Reference
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import (
    Code,
    call,
    collection,
    columns,
    joined,
    lay_out,
)
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.naming import constant_name
from noctule.codegen.python.service.docstrings import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.python.tests.module import Suite


RESETS = {"epoch": 'f"{clock.time() + 6:.0f}"', "seconds": '"6"'}
"""How providers write a moment six seconds from now, as source."""


def faults(suite: Suite) -> Iterator[Block]:
    """Every fault test that fits the wrapper's methods."""
    writer = Faults(suite)
    yield from writer.tables()
    yield writer.promised()
    yield writer.refused()
    yield writer.throttled()
    yield from writer.spent()
    if writer.repeatable:
        yield from writer.repeated()
    if writer.once:
        yield writer.sent_once()
    yield from writer.advised()
    yield from writer.documented()
    yield from writer.bodies()
    if suite.secrets:
        yield from writer.secrets()


class Faults:
    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        methods = suite.methods
        self.repeatable = [method for method in methods if method.retry != "never"]
        self.once = [method for method in methods if method.retry == "never"]
        self.decoded = [m for m in methods if m.returns is not None and not m.accepts]
        self.typed = [m for m in self.decoded if _is_typed(m)]
        self._all = len(methods)
        self.wait = suite.mode.wait
        token = [part for part in (suite.wrapper.auth, *suite.wrapper.auth.parts)
                 if "url" in part.settings]  # fmt: skip
        self.sent = "provider.requests[1:]" if token else "provider.requests"

    def tables(self) -> Iterator[Block]:
        """Which calls may be sent twice, where not all are alike."""
        for name, methods in (
            ("REPEATABLE", self.repeatable),
            ("SENT_ONCE", self.once),
            ("DECODED", self.decoded),
            ("TYPED", self.typed),
        ):
            if methods and len(methods) < self._all:
                names = collection("[", [self.suite.names[method.name] for method in methods], "]")
                yield Block(tuple(lay_out(joined(f"{name}: list[Call] = ", names))))

    def promised(self) -> Block:
        """Where it went, with which headers, and that its answer fits."""
        wrapper = self.suite.wrapper
        headers = dict(wrapper.pack.headers) if wrapper.pack else {}
        body = [
            "    provider.replies(**ANSWERS[call])",
            f"    {self.wait}call({self.suite.fixture})",
            '    assert "contract_violation" not in [event.name for event in events]',
            *lay_out(
                joined(
                    "assert {event.service for event in events} == ",
                    collection("{", [string(wrapper.slug)], "}"),
                ),
                4,
            ),
            *lay_out(
                call(
                    "assert provider.requests[-1].url.startswith", string(f"{self.suite.origin}/")
                ),
                4,
            ),
        ]
        # What is accepted is each operation's own matter.
        sent = {name: value for name, value in headers.items() if name.lower() != "accept"}
        body += ["    headers = provider.requests[-1].headers"] if sent else []
        for name, value in sent.items():
            body += lay_out(joined(f"assert headers[{string(name)}] == ", string(value)), 4)
        parameters = ["call: Call", self.suite.service, "provider: MockProvider",
                      "events: list[TelemetryEvent]"]  # fmt: skip
        return self._test("an_answer_as_promised", parameters, body, "every_call")

    def advised(self) -> Iterator[Block]:
        """Options count, and so does the provider's own advice; nothing stands in for money."""
        suite, pack = self.suite, self.suite.wrapper.pack
        error = suite.imports.use(RUNTIME, "ServiceError")
        options = suite.imports.use(RUNTIME, "CallOptions")
        parameters = ["call: Call", suite.service, "provider: MockProvider"]
        body = [
            '    provider.fails("connect", times=None)',
            f"    with pytest.raises({error}):",
            f"        {self.wait}call({suite.fixture}, {options}(attempts=1))",
            f"    assert len({self.sent}) == 1",
        ]
        yield self._test("options_count_for_one_call", parameters, body, "every_call")
        if pack and pack.retry.should_retry_header and self.repeatable:
            header = string(pack.retry.should_retry_header)
            body = [
                *lay_out(call("provider.replies", "500", f'headers={{{header}: "false"}}'), 4),
                f"    with pytest.raises({error}):",
                f"        {self.wait}call({suite.fixture})",
                f"    assert len({self.sent}) == 1",
            ]
            mark = self._mark("REPEATABLE", self.repeatable)
            yield self._test("the_providers_advice_is_taken", parameters, body, mark)
        moving = [method for method in suite.methods if method.moves_money]
        if moving:
            yield self._no_fallback(moving)

    def _no_fallback(self, moving: list[Method]) -> Block:
        suite = self.suite
        names = [suite.imports.use(suite.home, constant_name(method.name)) for method in moving]
        refused = suite.imports.use(RUNTIME, "FallbackRefused")
        value = suite.imports.use(RUNTIME, "Value")
        json = suite.imports.use(RUNTIME, "JSON")
        operation = suite.imports.use(RUNTIME, "Operation")
        body = [
            f"    with pytest.raises({refused}):",
            f"        {self.wait}{suite.fixture}.call(operation, fallback={value}(None))",
        ]
        parameters = [f"operation: {operation}[{json}]", suite.service]
        mark = call("@pytest.mark.parametrize", string("operation"), collection("[", names, "]"))
        return self._test("nothing_stands_in_for_money", parameters, body, mark)

    def refused(self) -> Block:
        return self._test(
            "a_refused_connection_is_tried_again",
            ["call: Call", self.suite.service, "provider: MockProvider"],
            [
                '    provider.fails("connect").replies(**ANSWERS[call])',
                f"    {self.wait}call({self.suite.fixture})",
                f"    assert len({self.sent}) == 2",
            ],
            "every_call",
        )

    def throttled(self) -> Block:
        service = self.suite.service
        limited = call("provider.replies", "429", 'headers={"Retry-After": "2"}')
        return self._test(
            "a_429_is_waited_for",
            ["call: Call", service, "provider: MockProvider", "clock: VirtualClock"],
            [
                *lay_out(limited, 4),
                "    provider.replies(**ANSWERS[call])",
                "    start = clock.monotonic()",
                f"    {self.wait}call({self.suite.fixture})",
                "    assert 2.0 <= clock.monotonic() - start < 3.0",
            ],
            "every_call",
        )

    def spent(self) -> Iterator[Block]:
        """A provider that says how many calls are left is believed before it refuses one."""
        pack, suite = self.suite.wrapper.pack, self.suite
        if pack is None or pack.rate_limit is None:
            return
        limit, first = pack.rate_limit, suite.names[suite.methods[0].name]
        pairs = [
            f'{string(limit.remaining_header)}: "0"',
            f"{string(limit.reset_header)}: {RESETS[limit.reset_kind]}",
        ]
        headers = joined("headers = ", collection("{", pairs, "}"))
        answered = call("provider.replies", f"**ANSWERS[{first}]", "headers=headers")
        yield self._test(
            "a_spent_budget_is_waited_for",
            [suite.service, "provider: MockProvider", "clock: VirtualClock"],
            [
                *lay_out(headers, 4),
                *lay_out(answered, 4),
                f"    provider.replies(**ANSWERS[{first}])",
                f"    {self.wait}{first}({suite.fixture})",
                "    start = clock.monotonic()",
                f"    {self.wait}{first}({suite.fixture})",
                "    assert 4.0 < clock.monotonic() - start < 8.0",
            ],
        )

    def repeated(self) -> Iterator[Block]:
        mark = self._mark("REPEATABLE", self.repeatable)
        parameters = ["call: Call", self.suite.service, "provider: MockProvider"]
        body = [
            "    provider.replies(500).replies(**ANSWERS[call])",
            f"    {self.wait}call({self.suite.fixture})",
            f"    assert len({self.sent}) == 2",
        ]
        if header := self._key_header():
            left = f"keys = {{request.headers.get({string(header)}) for request in {self.sent}}}"
            body += [f"    {left}"] if len(left) + 4 <= columns() else []
            body += ["    assert len(keys) == 1"] if len(left) + 4 <= columns() else []
        yield self._test("a_500_is_tried_again", parameters, body, mark)
        error = self.suite.imports.use(RUNTIME, "TimedOut")
        body = [
            '    provider.fails("timeout", times=None)',
            f"    with pytest.raises({error}):",
            f"        {self.wait}call({self.suite.fixture})",
            f"    assert len({self.sent}) == {self.suite.wrapper.attempts or 4}",
        ]
        yield self._test("a_timeout_is_tried_again_and_then_raised", parameters, body, mark)

    def sent_once(self) -> Block:
        """A write that the provider would do twice."""
        error = self.suite.imports.use(RUNTIME, "OutcomeUnknown")
        fault = call("pytest.mark.parametrize", string("fault"), '["timeout", "reset", "500"]')
        lines = [
            '    if fault == "500":',
            "        provider.replies(500)",
            "    else:",
            "        provider.fails(fault)",
            f"    with pytest.raises({error}):",
            f"        {self.wait}call({self.suite.fixture})",
            f"    assert len({self.sent}) == 1",
        ]
        literal_ = self.suite.imports.use("typing", "Literal")
        parameters = [
            "call: Call",
            f'fault: {literal_}["timeout", "reset", "500"]',
            self.suite.service,
            "provider: MockProvider",
        ]
        mark = self._mark("SENT_ONCE", self.once)
        return self._test(
            "a_write_is_never_sent_twice", parameters, lines, joined("@", fault), mark
        )

    def documented(self) -> Iterator[Block]:
        """One case per method and documented refusal."""
        cases = dict.fromkeys(
            collection(
                "(",
                [self.suite.names[method.name], failure.status, self._error(failure.status)],
                ")",
            )
            for method in self.suite.methods
            for failure in method.failures
            if failure.status in ERRORS
        )
        if not cases:
            first = self.suite.names[self.suite.methods[0].name]
            cases = {collection("(", [first, "400", self._error("400")], ")"): None}
        base = self.suite.imports.use(RUNTIME, "ClientError")
        pack = self.suite.wrapper.pack
        header = pack.request_id_header if pack else ""
        told = f', headers={{{string(header)}: "req_1"}}' if header else ""
        table = collection("[", cases, "]")
        mark = call("@pytest.mark.parametrize", '("call", "status", "error")', table)
        body = [
            f"    provider.replies(status, json={{}}{told})",
            "    with pytest.raises(error) as caught:",
            f"        {self.wait}call({self.suite.fixture})",
            f"    assert (caught.value.status, len({self.sent})) == (status, 1)",
            "    assert caught.value.user_message()",
            *(['    assert caught.value.request_id == "req_1"'] if told else []),
        ]
        parameters = [
            "call: Call", "status: int", f"error: type[{base}]", self.suite.service,
            "provider: MockProvider",
        ]  # fmt: skip
        yield self._test("a_refusal_is_raised_as_documented", parameters, body, mark)

    def bodies(self) -> Iterator[Block]:
        service, fixture = self.suite.service, self.suite.fixture
        if self.decoded:
            error = self.suite.imports.use(RUNTIME, "InvalidResponse")
            body = [
                '    provider.replies(content=b"<html>")',
                f"    with pytest.raises({error}):",
                f"        {self.wait}call({fixture})",
            ]
            parameters = ["call: Call", service, "provider: MockProvider"]
            mark = self._mark("DECODED", self.decoded)
            yield self._test("an_answer_that_is_not_json_is_an_error", parameters, body, mark)
        yield from self._sparse()
        if self.typed:
            body = [
                '    provider.replies(json=["not", "as", "promised"])',
                f"    {self.wait}call({fixture})",
                '    assert "contract_violation" in [event.name for event in events]',
            ]
            parameters = [
                "call: Call",
                service,
                "provider: MockProvider",
                "events: list[TelemetryEvent]",
            ]
            mark = self._mark("TYPED", self.typed)
            yield self._test("an_answer_of_another_shape_is_survived", parameters, body, mark)

    def _sparse(self) -> Iterator[Block]:
        """Optional members are optional, in records inside of records too."""
        suite = self.suite
        records = suite.wrapper.record_of
        least = {m.name: sparse(m.returns, m.answer, records) for m in self.typed if m.returns}
        pairs = [
            joined(f"{suite.names[method.name]}: ", literal(least[method.name]))
            for method in self.typed
            if least[method.name] != method.answer
        ]
        if not pairs:
            return
        table = joined("SPARSE: dict[Call, JSON] = ", collection("{", pairs, "}"))
        yield Block(tuple(lay_out(table)))
        body = [
            '    provider.replies(**ANSWERS[call] | {"json": SPARSE[call]})',
            f"    {self.wait}call({suite.fixture})",
            '    assert "contract_violation" not in [event.name for event in events]',
        ]
        parameters = [
            "call: Call",
            suite.service,
            "provider: MockProvider",
            "events: list[TelemetryEvent]",
        ]
        mark = '@pytest.mark.parametrize("call", SPARSE)'
        yield self._test("an_answer_may_leave_out_what_is_optional", parameters, body, mark)

    def secrets(self) -> Iterator[Block]:
        suite = self.suite
        error = suite.imports.use(RUNTIME, "MissingSecrets")
        address = "" if suite.wrapper.base_url else f"base_url={string(suite.origin)}"
        body = [
            "    for name in SECRETS:",
            "        monkeypatch.delenv(name)",
            f"    with pytest.raises({error}) as caught:",
            f"        {suite.wrapper.name}({address})",
            "    assert sorted(caught.value.names) == sorted(SECRETS)",
        ]
        yield self._test(
            "all_missing_variables_are_named_at_once",
            ["monkeypatch: pytest.MonkeyPatch"],
            body,
        )
        first = suite.names[suite.methods[0].name]
        parameters = [suite.service, "provider: MockProvider", "credentials: dict[str, str]"]
        checks = list(self._auth_checks(suite.wrapper.auth))
        if checks:
            body = [
                f"    provider.replies(**ANSWERS[{first}])",
                f"    {self.wait}{first}({suite.fixture})",
                "    request = provider.requests[-1]",
                *checks,
            ]
            yield self._test("the_credentials_are_sent", parameters, body)
        suite.imports.use("", "logging")
        raised = suite.imports.use(RUNTIME, "ServiceError")
        body = [
            "    caplog.set_level(logging.DEBUG)",
            '    provider.replies(400, json={"error": list(credentials.values())})',
            f"    with pytest.raises({raised}) as caught:",
            f"        {self.wait}{first}({suite.fixture})",
            '    told = f"{caplog.text} {caught.value} {caught.value!r}"',
            "    assert not [name for name, value in credentials.items() if value in told]",
        ]
        parameters = [*parameters, "caplog: pytest.LogCaptureFixture"]
        yield self._test("no_secret_reaches_a_log", parameters, body)

    def _auth_checks(self, auth: Authentication) -> Iterator[str]:
        values = [f"credentials[{string(name)}]" for name in auth.secrets]
        match auth.kind:
            case "bearer":
                yield f"    token = {values[0]}"
                yield '    assert request.headers["Authorization"] == f"Bearer {token}"'
            case "header":
                yield f"    key = {values[0]}"
                name, prefix = string(auth.settings["name"]), auth.settings.get("prefix", "")
                right = f"{string(prefix)} + key" if prefix else "key"
                yield f"    assert request.headers[{name}] == {right}"
            case "query":
                yield f"    key = {values[0]}"
                yield f"    assert request.query[{string(auth.settings['name'])}] == key"
            case "basic":
                self.suite.imports.use("base64", "b64decode")
                yield '    kind, _, packed = request.headers["Authorization"].partition(" ")'
                names = [f"{{credentials['{name}']}}" for name in auth.secrets]
                yield "    pair = b64decode(packed).decode()"
                yield from lay_out(
                    joined("assert (kind, pair) == ",
                           collection("(", ['"Basic"', f'f"{":".join(names)}"'], ")")), 4,
                )  # fmt: skip
            case "client_credentials" | "refresh_token":
                yield '    assert request.headers["Authorization"] == "Bearer issued"'
            case _:
                for part in auth.parts:
                    yield from self._auth_checks(part)

    def _error(self, status: str) -> str:
        return self.suite.imports.use(RUNTIME, ERRORS[status])

    def _key_header(self) -> str:
        keyed = any(method.retry == "with_key" for method in self.repeatable)
        return self.suite.wrapper.idempotency_header if keyed else ""

    def _mark(self, table: str, methods: list[Method]) -> Code:
        if len(methods) == self._all:
            return "@every_call"
        return f'@pytest.mark.parametrize("call", {table})'

    def _test(self, name: str, parameters: list[str], body: list[str], *marks: Code) -> Block:
        decorators = ["@every_call" if mark == "every_call" else mark for mark in marks]
        lines = self.suite.function(f"test_{name}", parameters, "None", body, decorators=decorators)
        return Block(tuple(lines), definition=True)


def _is_typed(method: Method) -> bool:
    kind = method.returns
    return isinstance(kind.item if isinstance(kind, ListOf) else kind, Reference)
