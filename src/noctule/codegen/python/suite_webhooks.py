"""The webhook tests: a sender that signs, and what it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.codegen.deliveries import in_headers, payload
from noctule.codegen.form import Reference
from noctule.codegen.python.layout import Code, call, collection, joined, lay_out
from noctule.codegen.python.literals import Verbatim, literal, string
from noctule.codegen.python.source import Block, function
from noctule.webhooks import Scheme, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.form import Hook, Webhooks
    from noctule.codegen.python.suite import Suite

HOST = "http://test"


def webhook_tests(suite: Suite) -> Iterator[Block]:
    """Nothing where the integration has no webhooks."""
    webhooks = suite.integration.webhooks
    if webhooks is None:
        return
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
        for module, name in (
            ("collections.abc", "AsyncIterator"),
            ("dataclasses", "dataclass"),
            ("", "time"),
            ("pathlib", "Path"),
            ("", "httpx2"),
            ("fastapi", "FastAPI"),
            ("noctule.webhooks.testing", "key_for"),
            ("noctule.webhooks.testing", "signed"),
            (webhooks.module, "receiver"),
            (webhooks.module, "router"),
        ):
            suite.imports.use(module, name)

    def tables(self) -> Iterator[Block]:
        yield Block((f"ENDPOINT = {string(self.webhooks.endpoint)}",))
        hooks = self.webhooks.hooks
        pairs = [joined(f"{string(hook.event)}: ", self._payload(hook)) for hook in hooks]
        table = collection("{", pairs, "}")
        yield Block(tuple(lay_out(joined("EVENTS: dict[str, dict[str, JSON]] = ", table))))

    def _payload(self, hook: Hook) -> Code:
        subject: Any = hook.example
        if hook.record:
            subject = Verbatim(self.suite.constant(Reference(hook.record), hook.name, subject))
        body = payload(self.scheme, self.webhooks, hook, subject)
        if self.webhooks.object_path or not hook.record:
            return literal(body)
        items = [joined(f"{string(key)}: ", literal(value)) for key, value in body.items()]
        return collection("{", [f"**{subject.source}", *items], "}")

    def sender(self) -> Block:
        arguments: list[Code] = [string(self.webhooks.scheme), "EVENTS[event]", "secret=self.key"]
        arguments.append("now=time.time() - age")
        arguments += ["type=event"] if in_headers(self.scheme.type) else []
        arguments += ['id="evt_1"'] if in_headers(self.scheme.id) else []
        arguments += [f'url=f"{HOST}{{ENDPOINT}}"'] if self.webhooks.url else []
        post = call(
            "return await self.client.post", "ENDPOINT", "headers=headers", "content=body + added"
        )
        parameters = ["self", "event: str", "*", "age: float = 0.0", 'added: bytes = b""']
        body = [
            *lay_out(joined("headers, body = ", call("signed", *arguments)), 8),
            *lay_out(post, 8),
        ]
        lines = [
            "@dataclass",
            "class Sender:",
            f'    """{self.suite.wrapper.service}, posting what it signs."""',
            "",
            "    client: httpx2.AsyncClient",
            "    key: str",
            "",
            *function("post", parameters, "httpx2.Response", body, indent=4),
        ]
        return Block(tuple(lines), definition=True)

    def fixture(self) -> Block:
        body = [f"    key = key_for({string(self.webhooks.scheme)})"]
        for name in self.webhooks.secrets:
            body += lay_out(call("monkeypatch.setenv", string(name), "key.secret"), 4)
        if self.webhooks.url:
            url = f'f"{HOST}{{ENDPOINT}}"'
            body += lay_out(call("monkeypatch.setenv", string(self.webhooks.url), url), 4)
        body += [
            '    monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))',
            "    app = FastAPI()",
            "    app.include_router(router)",
            "    transport = httpx2.ASGITransport(app=app)",
            f'    client = httpx2.AsyncClient(transport=transport, base_url="{HOST}")',
            "    async with receiver.lifespan(), client:",
            "        yield Sender(client, key.signing)",
        ]
        parameters = ["monkeypatch: pytest.MonkeyPatch", "tmp_path: Path"]
        lines = function(
            "sender", parameters, "AsyncIterator[Sender]", body, decorators=["@pytest.fixture"]
        )
        return Block(tuple(lines), definition=True)

    def tests(self) -> Iterator[Block]:
        first = string(self.webhooks.hooks[0].event)
        every = '@pytest.mark.parametrize("event", EVENTS)'
        yield _test(
            "an_event_is_accepted_and_handled",
            ["event: str", "sender: Sender", "caplog: pytest.LogCaptureFixture"],
            [
                "    response = await sender.post(event)",
                "    await receiver.drain()",
                "    assert response.status_code == 200",
                '    assert "noctule.webhooks" not in {log.name for log in caplog.records}',
            ],
            every,
        )
        yield _test(
            "a_duplicate_is_handled_once",
            ["sender: Sender"],
            [
                f"    responses = [await sender.post({first}) for _ in range(2)]",
                '    outcomes = [response.json()["outcome"] for response in responses]',
                '    assert outcomes == ["accepted", "duplicate"]',
            ],
        )
        added = 'b"&added=1"' if next(iter(self.scheme.content.values())) == "form" else 'b" "'
        yield _test(
            "a_tampered_event_is_refused",
            ["sender: Sender"],
            [
                f"    response = await sender.post({first}, added={added})",
                "    assert response.status_code == 401",
            ],
        )
        if self.scheme.timestamp is not None:
            yield _test(
                "a_stale_event_is_refused",
                ["sender: Sender"],
                [
                    f"    response = await sender.post({first}, age=3600)",
                    "    assert response.status_code == 401",
                ],
            )
        post = call("await sender.client.post", "ENDPOINT", f"json=EVENTS[{first}]")
        yield _test(
            "an_unsigned_event_is_refused",
            ["sender: Sender"],
            [
                *lay_out(joined("response = ", post), 4),
                "    assert response.status_code == 401",
            ],
        )


def _test(name: str, parameters: list[str], body: list[str], *marks: Code) -> Block:
    lines = function(f"test_{name}", parameters, "None", body, decorators=marks)
    return Block(tuple(lines), definition=True)
