"""The webhook module: a receiver, its route, and one function per event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.form import Reference
from noctule.codegen.names import python_name
from noctule.codegen.python.layout import call, joined, lay_out
from noctule.codegen.python.literals import string
from noctule.codegen.python.source import Block, Imports, docstring, function, module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.codegen.form import Hook, Integration, Record, Webhooks

HANDLING = (
    "The sender has its answer as soon as the event is on disk. A handler that raises is called"
    " again later, so make its effects safe to repeat."
)


def webhook_module(integration: Integration, webhooks: Webhooks, package: str) -> str:
    """The source of the handler module; `package` is the project's own top-level package."""
    imports = Imports(package)
    imports.use("", "logging")
    imports.use("fastapi", "APIRouter")
    imports.use("starlette.routing", "Route")
    for name in ("Event", "Receiver"):
        imports.use("noctule.webhooks", name)
    records = {record.name: record for record in integration.wrapper.records}
    for hook in webhooks.hooks:
        if hook.record:
            imports.use(integration.wrapper.module, hook.record)
    names = ", ".join(map(string, webhooks.secrets))
    arguments = [string(webhooks.scheme), f"secrets=[{names}]"]
    arguments += [f"url={string(webhooks.url)}"] if webhooks.url else []
    route = call("Route", string(webhooks.endpoint), "receiver", 'methods=["POST"]')
    setup = [
        "logger = logging.getLogger(__name__)",
        "",
        *lay_out(joined("receiver = ", call("Receiver", *arguments))),
        "router = APIRouter(lifespan=receiver.lifespan)",
        *lay_out(call("router.routes.append", route)),
    ]
    handlers = [_handler(hook, webhooks, records) for hook in webhooks.hooks]
    return module(_doc(integration, webhooks), imports, [Block(tuple(setup)), *handlers])


def _doc(integration: Integration, webhooks: Webhooks) -> list[str]:
    return [
        f"{integration.wrapper.service} webhooks: verified, stored, then handled once each.",
        HANDLING,
        f"Mount it with `app.include_router({webhooks.module.rpartition('.')[2]}.router)`.",
    ]


def _handler(hook: Hook, webhooks: Webhooks, records: Mapping[str, Record]) -> Block:
    body = docstring([hook.doc], 4) if hook.doc else []
    identity = "event.id"
    known = _identity(records[hook.record], records) if hook.record else ""
    if known:
        variable = python_name(hook.record)
        place = f", at={string(webhooks.object_path)}" if webhooks.object_path else ""
        body.append(f"    {variable} = event.decode({hook.record}{place})")
        identity = f"{variable}.{known}"
    body.append(f'    logger.info("%s: %s", event.type, {identity})')
    decorator = call("@receiver.on", string(hook.event))
    lines = function(hook.name, ["event: Event"], "None", body, decorators=[decorator])
    return Block(tuple(lines), definition=True)


def _identity(record: Record, records: Mapping[str, Record]) -> str:
    """The member that names the object: `id`, what ends like one, or that of a part of it; ""."""
    for field in record.fields:
        if field.name == "id" or field.name.endswith(("_id", "_sid", "_ts")):
            return field.name
    for field in record.fields:
        if field.required and isinstance(field.type, Reference):
            inner = _identity(records[field.type.name], records)
            if inner:
                return f"{field.name}.{inner}"
    return next((field.name for field in record.fields if field.required), "")
