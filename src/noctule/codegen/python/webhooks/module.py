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

    from noctule.codegen.model.integration import (
        EventHandler,
        Integration,
        Record,
        Refetch,
        Webhooks,
        Wrapper,
    )
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe

READ = "read_object"
PLAIN = (STRING, Scalar("integer"))
HANDLING = (
    "The provider gets its response as soon as the event is stored. A handler that raises is"
    " called again later, so its effects must be safe to repeat."
)
HINTS = (
    "Anyone can send one. Only the id in it is kept; the object is read again, and a handler acts"
    " on `event.object`, what the provider's own API returned."
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
    imports.use("noctule.webhooks", "Event")
    wrapper = integration.wrapper
    records = wrapper.record_of
    identities = {
        handler.event: _identity(records[handler.record], records) if handler.record else ""
        for handler in webhooks.handlers
    }
    for handler in webhooks.handlers:
        if identities[handler.event]:
            imports.use(wrapper.record_modules[handler.record], handler.record)
    receiver = _receiver(webhooks, imports)
    first, *others = [receiver, *recipe.setup(webhooks, imports)]
    if others and not others[0].definition:
        first, *others = [Block((*first.lines, *others[0].lines)), *others[1:]]
    waits = recipe.mode.asynchronous
    reader = _reader(wrapper, webhooks.refetch, imports, waits=waits) if webhooks.refetch else None
    blocks = [
        Block(("logger = logging.getLogger(__name__)",)),
        *([reader] if reader else []),
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
    ]
    if webhooks.refetch:
        doc = [f"{wrapper.service} webhooks: not signed, so each is a hint.", HINTS, HANDLING]
    doc = [
        *doc,
        recipe.mount(webhooks),
    ]
    return module(doc, imports, blocks)


def _receiver(webhooks: Webhooks, imports: Imports) -> Block:
    refetch = webhooks.refetch
    if refetch is not None:
        imports.use("noctule.webhooks", "RefetchReceiver")
        arguments = [
            string(refetch.provider),
            f"id={string(refetch.id)}",
            f"shape={string(refetch.shape)}",
            f"read={READ}",
        ]
        return Block(tuple(lay_out(joined("receiver = ", call("RefetchReceiver", *arguments)))))
    imports.use("noctule.webhooks", "Receiver")
    names = ", ".join(map(string, webhooks.secrets))
    arguments = [string(webhooks.scheme), f"secrets=[{names}]"]
    arguments += [f"url={string(webhooks.url)}"] if webhooks.url else []
    return Block(tuple(lay_out(joined("receiver = ", call("Receiver", *arguments)))))


def _reader(wrapper: Wrapper, refetch: Refetch, imports: Imports, *, waits: bool) -> Block:
    """The function that reads the object of a hint, with the project's own service."""
    service = imports.use(wrapper.module, wrapper.name)
    [method] = [each for each in wrapper.methods if each.full_name == refetch.method]
    returns = "object"
    if isinstance(method.returns, Reference):
        returns = imports.use(wrapper.record_modules[method.returns.name], method.returns.name)
    [parameter] = [param for param in method.params if param.required]
    integer = parameter.type == Scalar("integer")
    value = "int(object_id)" if integer else "object_id"
    wait, start = ("await ", "async with") if waits else ("", "with")
    call_of = call(f"return {wait}service.{refetch.method}", f"{parameter.name}={value}")
    body = [
        *docstring(["The object as the provider's API returns it now."], 4),
        f"    {start} {service}() as service:",
        *lay_out(call_of, 8),
    ]
    lines = function(READ, ["object_id: str"], returns, body, asynchronous=waits)
    return Block(tuple(lines), definition=True)


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
