"""The webhook module: a receiver, its route, and one function per event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.names import python_name
from noctule.codegen.python.layout import call, joined, lay_out
from noctule.codegen.python.literals import string
from noctule.codegen.python.source import Block, Imports, docstring, function, module

if TYPE_CHECKING:
    from noctule.codegen.form import Field, Hook, Integration, Record, Webhooks

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
    handlers = [_handler(hook, webhooks, records.get(hook.record)) for hook in webhooks.hooks]
    return module(_doc(integration, webhooks), imports, [Block(tuple(setup)), *handlers])


def _doc(integration: Integration, webhooks: Webhooks) -> list[str]:
    return [
        f"{integration.wrapper.service} webhooks: verified, stored, then handled once each.",
        HANDLING,
        f"Mount it with `app.include_router({webhooks.module.rpartition('.')[2]}.router)`.",
    ]


def _handler(hook: Hook, webhooks: Webhooks, record: Record | None) -> Block:
    body = docstring([hook.doc], 4) if hook.doc else []
    identity = "event.id"
    if record is not None:
        variable = python_name(record.name)
        place = f", at={string(webhooks.object_path)}" if webhooks.object_path else ""
        known = _identity(record)
        if known is not None:
            body.append(f"    {variable} = event.decode({record.name}{place})")
            identity = f"{variable}.{known.name}"
    body.append(f'    logger.info("%s: %s", event.type, {identity})')
    decorator = call("@receiver.on", string(hook.event))
    lines = function(hook.name, ["event: Event"], "None", body, decorators=[decorator])
    return Block(tuple(lines), definition=True)


def _identity(record: Record) -> Field | None:
    """The member that names the object: `id`, else what ends like one."""
    required = [field for field in record.fields if field.required]
    for field in (*required, *record.fields):
        if field.name == "id" or field.name.endswith(("_id", "_sid", "_ts")):
            return field
    return next(iter(required), None)
