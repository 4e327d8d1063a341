"""The webhook tests: a sender that signs, and what it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.codegen.build.deliveries import in_headers, payload
from noctule.codegen.model.integration import Reference
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import Verbatim, literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.webhooks.recipes.base import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import EventHandler, Webhooks
    from noctule.codegen.python.tests.module import Suite
    from noctule.webhooks import Scheme

LATE = 60.0
"""Seconds by which a stale delivery is beyond what its scheme tolerates."""


def webhook_tests(suite: Suite) -> Iterator[Block]:
    """Nothing where the integration has no webhooks."""
    webhooks = suite.integration.webhooks
    if webhooks is None:
        return
    from noctule.webhooks import scheme_of

    writer = WebhookTests(suite, webhooks, scheme_of(webhooks.scheme))
    yield from writer.tables()
    yield writer.sender()
    yield writer.fixture()
    yield from writer.tests()


class WebhookTests:
    def __init__(self, suite: Suite, webhooks: Webhooks, scheme: Scheme) -> None:
        self.suite = suite
        self.webhooks = webhooks
        self.scheme = scheme
        self.mode = suite.mode
        self.framework = suite.framework
        self.client = "httpx2.AsyncClient" if self.mode.asynchronous else "httpx2.Client"
        if self.mode.asynchronous:
            suite.imports.use(webhooks.module, "receiver")
        for module, name in (
            ("collections.abc", self.mode.iterator),
            ("dataclasses", "dataclass"),
            ("noctule.runtime", "JSON"),
            ("", "time"),
            ("pathlib", "Path"),
            ("", "httpx2"),
            ("noctule.webhooks.testing", "key_for"),
            ("noctule.webhooks.testing", "signed"),
            ("noctule.webhooks.testing", "tampered"),
        ):
            suite.imports.use(module, name)

    def tables(self) -> Iterator[Block]:
        yield Block((f"ENDPOINT = {string(self.webhooks.endpoint)}",))
        hooks = self.webhooks.hooks
        pairs = [joined(f"{string(hook.event)}: ", self._payload(hook)) for hook in hooks]
        table = collection("{", pairs, "}")
        yield Block(tuple(lay_out(joined("EVENTS: dict[str, dict[str, JSON]] = ", table))))

    def _payload(self, hook: EventHandler) -> Code:
        subject: Any = hook.example
        if hook.record:
            subject = Verbatim(self.suite.constant(Reference(hook.record), hook.name, subject))
        body = payload(self.scheme, hook, subject)
        if hook.at or not hook.record:
            return literal(body)
        items = [joined(f"{string(key)}: ", literal(value)) for key, value in body.items()]
        return collection("{", [f"**{subject.source}", *items], "}")

    def sender(self) -> Block:
        arguments: list[Code] = [string(self.webhooks.scheme), "EVENTS[event]", "secret=self.key"]
        arguments.append("now=time.time() - age")
        arguments += ["type=event"] if in_headers(self.scheme.type) else []
        arguments += ['id="evt_1"'] if in_headers(self.scheme.id) else []
        arguments += [f'url=f"{HOST}{{ENDPOINT}}"'] if self.webhooks.url else []
        start = f"return {self.mode.wait}self.client.post"
        post = call(start, "ENDPOINT", "headers=headers", "content=body")
        parameters = ["self", "event: str", "*", "age: float = 0.0", "tamper: bool = False"]
        false = call("tampered", string(self.webhooks.scheme), "headers", "body")
        body = [
            *lay_out(joined("headers, body = ", call("signed", *arguments)), 8),
            "        if tamper:",
            *lay_out(joined("headers, body = ", false), 12),
            *lay_out(post, 8),
        ]
        lines = [
            "@dataclass",
            "class Sender:",
            f'    """{self.suite.wrapper.service}, posting what it signs."""',
            "",
            f"    client: {self.client}",
            "    key: str",
            "",
            *self.suite.function("post", parameters, "httpx2.Response", body, indent=4),
        ]
        return Block(tuple(lines), definition=True)

    def fixture(self) -> Block:
        body = [f"    key = key_for({string(self.webhooks.scheme)})"]
        for name in self.webhooks.secrets:
            body += lay_out(call("monkeypatch.setenv", string(name), "key.secret"), 4)
        for name in self.scheme.settings.values():
            body += lay_out(call("monkeypatch.setenv", string(name), '"sandbox"'), 4)
        if self.webhooks.url:
            url = f'f"{HOST}{{ENDPOINT}}"'
            body += lay_out(call("monkeypatch.setenv", string(self.webhooks.url), url), 4)
        body += [
            '    monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))',
            *self.framework.serve(self.webhooks, self.suite.imports),
            *self.framework.live,
        ]
        parameters = ["monkeypatch: pytest.MonkeyPatch", "tmp_path: Path"]
        lines = self.suite.function(
            "sender", parameters, f"{self.mode.iterator}[Sender]", body,
            decorators=["@pytest.fixture"],
        )  # fmt: skip
        return Block(tuple(lines), definition=True)

    def tests(self) -> Iterator[Block]:
        first = string(self.webhooks.hooks[0].event)
        every = '@pytest.mark.parametrize("event", EVENTS)'
        yield self._test(
            "an_event_is_accepted_and_handled",
            ["event: str", "sender: Sender", "caplog: pytest.LogCaptureFixture"],
            [
                f"    response = {self.mode.wait}sender.post(event)",
                f"    {self.framework.drain}",
                "    assert response.status_code == 200",
                '    assert "noctule.webhooks" not in {log.name for log in caplog.records}',
            ],
            every,
        )
        if not self.scheme.reply:  # else the answer has no room for an outcome
            yield self._duplicate(first)
        yield self._test(
            "a_tampered_event_is_refused",
            ["sender: Sender"],
            [
                f"    response = {self.mode.wait}sender.post({first}, tamper=True)",
                "    assert response.status_code == 401",
            ],
        )
        if (stamp := self.scheme.timestamp) is not None:
            age = f"{stamp.past + LATE:.0f}"
            yield self._test(
                "a_stale_event_is_refused",
                ["sender: Sender"],
                [
                    f"    response = {self.mode.wait}sender.post({first}, age={age})",
                    "    assert response.status_code == 401",
                ],
            )
        post = call(f"{self.mode.wait}sender.client.post", "ENDPOINT", f"json=EVENTS[{first}]")
        yield self._test(
            "an_unsigned_event_is_refused",
            ["sender: Sender"],
            [
                *lay_out(joined("response = ", post), 4),
                "    assert response.status_code == 401",
            ],
        )

    def _duplicate(self, event: str) -> Block:
        twice = f"{self.mode.wait}sender.post({event}) for _ in range(2)"
        return self._test(
            "a_duplicate_is_handled_once",
            ["sender: Sender"],
            [
                *lay_out(joined("responses = ", collection("[", [twice], "]")), 4),
                '    outcomes = [response.json()["outcome"] for response in responses]',
                '    assert outcomes == ["accepted", "duplicate"]',
            ],
        )

    def _test(self, name: str, parameters: list[str], body: list[str], *marks: Code) -> Block:
        lines = self.suite.function(f"test_{name}", parameters, "None", body, decorators=marks)
        return Block(tuple(lines), definition=True)
