"""The tests of the webhooks: the events, the application, and the shared contract over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.build.deliveries import payload
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import Verbatim, literal, string
from noctule.codegen.python.emitter.module import Block, docstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import EventHandler, Refetch, Webhooks
    from noctule.codegen.python.tests.context import FileContext
    from noctule.codegen.python.tests.example_answers import ExampleAnswers
    from noctule.webhooks import Scheme

CONTRACT = "noctule.webhooks.testing.contract"
HINTS = "noctule.webhooks.testing.refetch_contract"


def webhook_tests(
    context: FileContext, answers: ExampleAnswers, webhooks: Webhooks
) -> Iterator[Block]:
    if webhooks.refetch is not None:
        yield from _hint_tests(context, webhooks, webhooks.refetch)
        return
    from noctule.webhooks import scheme_of

    scheme = scheme_of(webhooks.scheme)
    events = [
        joined(f"{string(handler.event)}: ", _payload(scheme, handler, answers))
        for handler in webhooks.handlers
    ]
    json = context.imports.use("noctule.runtime", "JSON")
    table = collection("{", events, "}")
    yield Block(tuple(lay_out(joined(f"EVENTS: dict[str, {json}] = ", table))))
    yield _fixture(context, webhooks)
    contract = context.imports.use(CONTRACT, "WebhookContract")
    lines = (
        f"class TestWebhooks({contract}):",
        *docstring(["Each event signed, repeated, tampered with, unsigned and old."], 4),
        "",
        "    events = EVENTS",
    )
    yield Block(lines, definition=True)


def _hint_tests(context: FileContext, webhooks: Webhooks, refetch: Refetch) -> Iterator[Block]:
    """The tests of webhooks that are not signed: a delivery with an id, and the object's answer."""
    context.imports.use("", "pytest")
    profile = context.imports.use(HINTS, "RefetchProfile")
    served = context.framework.serve(webhooks, context.imports)
    facts: list[Code] = [
        f"endpoint={string(webhooks.endpoint)}",
        f"app={served.application}",
        f"receiver={served.receiver}",
        f"id={string(refetch.example)}",
        f"at={string(refetch.id)}",
    ]
    parameters = "monkeypatch: pytest.MonkeyPatch" if served.patches else ""
    lines = [
        "@pytest.fixture",
        f"def webhooks({parameters}) -> {profile}:",
        *served.statements,
        *lay_out(call(f"return {profile}", *facts), 4),
    ]
    yield Block(tuple(lines), definition=True)
    contract = context.imports.use(HINTS, "RefetchContract")
    lines = [
        f"class TestWebhooks({contract}):",
        *docstring(["A hint read again, merged, unknown, and of another shape."], 4),
    ]
    yield Block(tuple(lines), definition=True)


def _payload(scheme: Scheme, handler: EventHandler, answers: ExampleAnswers) -> Code:
    name = answers.constant(handler.record, handler.example) if handler.record else ""
    if handler.at:
        return literal(payload(scheme, handler, Verbatim(name) if name else handler.example))
    body = payload(scheme, handler, handler.example)
    if not name:
        return literal({**handler.example, **body} if handler.record else body)
    pairs = [joined(f"{string(key)}: ", literal(value)) for key, value in body.items()]
    return collection("{", [f"**{name}", *pairs], "}")


def _fixture(context: FileContext, webhooks: Webhooks) -> Block:
    context.imports.use("", "pytest")
    profile = context.imports.use(CONTRACT, "WebhookProfile")
    served = context.framework.serve(webhooks, context.imports)
    facts: list[Code] = [
        f"scheme={string(webhooks.scheme)}",
        f"endpoint={string(webhooks.endpoint)}",
        f"app={served.application}",
        f"receiver={served.receiver}",
        joined("secrets=", collection("[", map(string, webhooks.secrets), "]")),
    ]
    facts += [f"url={string(webhooks.url)}"] if webhooks.url else []
    parameters = "monkeypatch: pytest.MonkeyPatch" if served.patches else ""
    lines = [
        "@pytest.fixture",
        f"def webhooks({parameters}) -> {profile}:",
        *served.statements,
        *lay_out(call(f"return {profile}", *facts), 4),
    ]
    return Block(tuple(lines), definition=True)
