"""A synchronous wrapper of a document that a test writes down."""

import json
from typing import Any

from noctule import apidoc
from noctule.codegen.build.build import build
from noctule.codegen.python.naming import PYTHON_NAMING
from noctule.codegen.python.service.module import wrapper_module
from noctule.manifest import IntegrationTask, PlannedFile, PlannedMethod
from noctule.runtime.testing import MockProvider


def document_of(paths: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ledger", "version": "1"},
        "servers": [{"url": "https://ledger.example/v1"}],
        "paths": paths,
        **members,
    }


def task_for(document: apidoc.ApiDocument) -> IntegrationTask:
    """Every operation, called by its id."""
    return IntegrationTask(
        service="Ledger",
        target="plain",
        files=[PlannedFile(path="app/services/ledger_service.py", purpose="", role="wrapper")],
        methods=[
            PlannedMethod(name=operation.id, does="…", operation=key)
            for key, operation in document.operations.items()
        ],
    )


def wrapped(written: dict[str, Any]) -> dict[str, Any]:
    """The names of the generated module."""
    document = apidoc.parse(json.dumps(written).encode(), source="ledger.json")
    wrapper = build(task_for(document), document, None, PYTHON_NAMING, asynchronous=False).wrapper
    space: dict[str, Any] = {"__name__": "ledger_service"}
    exec(wrapper_module(wrapper, "app"), space)
    return space


def service_of(written: dict[str, Any], provider: MockProvider, **options: Any) -> Any:
    return wrapped(written)["LedgerService"](transport=provider, **options)


def json_body(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema}}}


def answers(
    schema: dict[str, Any], status: str = "200", kind: str = "application/json"
) -> dict[str, Any]:
    return {status: {"description": "ok", "content": {kind: {"schema": schema}}}}
