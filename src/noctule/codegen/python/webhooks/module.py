"""The webhook module: a receiver, how requests reach it, and one function per event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.model.integration import STRING, Reference, Scalar
from noctule.codegen.python.emitter.line_breaks import call, joined, lay_out
from noctule.codegen.python.emitter.literals import string
from noctule.codegen.python.emitter.module import Block, Imports, docstring, function, module
from noctule.codegen.python.naming import python_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.codegen.model.integration import EventHandler, Integration, Record, Webhooks
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe

PLAIN = (STRING, Scalar("integer"))
HANDLING = (
    "The provider gets its response as soon as the event is stored. A handler that raises is"
    " called again later, so its effects must be safe to repeat."
)
UNCONFIRMED = (
    "The signature scheme was not read in the provider's own documentation or code: verify a real"
    " delivery before you rely on it."
)


def webhook_module(
    integration: Integration, webhooks: Webhooks, package: str, recipe: FrameworkRecipe
) -> str:
    """The source of the handler module; `package` is the project's own top-level package."""
    imports = Imports(package)
    imports.use("", "logging")
    for name in ("Event", "Receiver"):
        imports.use("noctule.webhooks", name)
    wrapper = integration.wrapper
    records = wrapper.record_of
    identities = {
        handler.event: _identity(records[handler.record], records) if handler.record else ""
        for handler in webhooks.handlers
    }
    for handler in webhooks.handlers:
        if identities[handler.event]:
            imports.use(wrapper.record_modules[handler.record], handler.record)
    names = ", ".join(map(string, webhooks.secrets))
    arguments = [string(webhooks.scheme), f"secrets=[{names}]"]
    arguments += [f"url={string(webhooks.url)}"] if webhooks.url else []
    receiver = Block(tuple(lay_out(joined("receiver = ", call("Receiver", *arguments)))))
    first, *others = [receiver, *recipe.setup(webhooks, imports)]
    if others and not others[0].definition:
        first, *others = [Block((*first.lines, *others[0].lines)), *others[1:]]
    waits = recipe.mode.asynchronous
    blocks = [
        Block(("logger = logging.getLogger(__name__)",)),
        first,
        *others,
        *(
            _handler(handler, identities[handler.event], waits=waits)
            for handler in webhooks.handlers
        ),
    ]
    doc = [
        f"{wrapper.service} webhooks: verified, stored, then handled once.",
        HANDLING,
        *([UNCONFIRMED] if webhooks.unconfirmed else []),
        recipe.mount(webhooks),
    ]
    return module(doc, imports, blocks)


def _handler(handler: EventHandler, identifier: str, *, waits: bool) -> Block:
    """`identifier` is the member that identifies the event's object, "" if none does."""
    body = docstring([handler.doc], 4) if handler.doc else []
    identity = "event.id"
    if identifier:
        variable = python_name(handler.record)
        place = f", at={string(handler.at)}" if handler.at else ""
        body += lay_out(f"{variable} = event.decode({handler.record}{place})", 4)
        identity = f"{variable}.{identifier}"
    body += lay_out(call("logger.info", '"%s: %s"', "event.type", identity), 4)
    lines = function(
        handler.name,
        ["event: Event"],
        "None",
        body,
        decorators=[call("@receiver.on", string(handler.event))],
        asynchronous=waits,
    )
    return Block(tuple(lines), definition=True)


def _identity(record: Record, records: Mapping[str, Record]) -> str:
    """The member that identifies an object, for the log; "" if none does. The object itself would
    put personal data into the log."""
    if named := _named(record, records):
        return named
    plain = (field for field in record.fields if field.required and field.type in PLAIN)
    return next((field.name for field in plain), "")


def _named(record: Record, records: Mapping[str, Record]) -> str:
    """`id`, a member with an ending such as "_id", or that of a required part; "" for none."""
    for field in record.fields:
        if field.name == "id" or field.name.endswith(("_id", "_sid", "_ts")):
            return field.name
    for field in record.fields:
        if field.required and isinstance(field.type, Reference):
            inner = _named(records[field.type.name], records)
            if inner:
                return f"{field.name}.{inner}"
    return ""
