"""A failure inside a 200 that the user declares is an error, tested and proven."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from noctule import manifest

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import Noctule

REQUEST = "Get a parcel with Acme"
PARTS = ("--doc", "acme.json", "--target", "plain")
TEXT: dict[str, Any] = {"type": "string"}


def write(project: Path, properties: dict[str, Any], required: tuple[str, ...] = ()) -> None:
    schema = {"type": "object", "properties": properties, "required": [*required]}
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    identifier = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    operation = {
        "operationId": "getParcel",
        "summary": "Get a parcel",
        "parameters": [identifier],
        "responses": {"200": answer, "400": {"description": "bad"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.test"}],
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/parcels/{id}": {"get": operation}},
    }
    (project / "acme.json").write_text(json.dumps(document))


ERRORS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "message": TEXT,
            "extensions": {"type": "object", "properties": {"code": TEXT}},
        },
    },
}
SHAPES = {
    "flag": (
        {"ok": {"type": "boolean"}, "id": TEXT, "error": TEXT},
        ("ok",),
        "flag:ok,code:error,rate_limited:slow_down",
        'BodyFailure(flag="ok", code="error", rate_limited=("slow_down",))',
    ),
    "error alone": (
        {"id": TEXT, "error": TEXT},
        ("id", "error"),
        "error:error",
        'BodyFailure(error="error")',
    ),
    "error object": (
        {"id": TEXT, "error": {"type": "object", "properties": {"code": TEXT, "text": TEXT}}},
        (),
        "error:error,code:error.code,rate_limited:busy,uncertain:broken",
        'BodyFailure(error="error",code="error.code",rate_limited=("busy",),uncertain=("broken",))',
    ),
    "errors as in GraphQL": (
        {"data": {"type": "object", "properties": {"id": TEXT}}, "errors": ERRORS},
        (),
        "error:errors,code:errors.0.extensions.code",
        'BodyFailure(error="errors", code="errors.0.extensions.code")',
    ),
    "a status that is a text": (
        {"status": TEXT, "code": TEXT, "data": {"type": "object", "properties": {"id": TEXT}}},
        ("status",),
        "flag:status,failed:error|fail,code:code",
        'BodyFailure(flag="status", code="code", failed=("error", "fail"))',
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_declared_failure_is_generated_tested_and_proven(
    project: Path, noctule: Noctule, shape: str
) -> None:
    properties, required, option, code = SHAPES[shape]
    write(project, properties, required)
    done = noctule("integrate", REQUEST, *PARTS, "--failure", option)
    assert done.code == 0, done.out + done.err
    assert "--failure" not in done.err
    assert "refused_in_200" in noctule("prove", "--fault", "refused_in_200", "--json").out
    wrapper = (project / "app/services/acme_service.py").read_text()
    flat = re.sub(r"\s+|,(?=\s*\))", "", wrapper)
    assert re.sub(r"\s+|,(?=\))", "", code) in flat
    assert manifest.read(project / "integrations/acme.yaml").failure == option
    again = noctule("plan", REQUEST, *PARTS, "--json")
    assert json.loads(again.out)["failure"] == option


def test_what_the_document_shows_names_the_option(project: Path, noctule: Noctule) -> None:
    write(project, {"id": TEXT, "error": TEXT})
    planned = noctule("plan", REQUEST, *PARTS)
    assert "--failure error:error" in planned.out + planned.err


@pytest.mark.parametrize(
    "option",
    [
        "ok",
        "flag:",
        "flag:ok,flag:fine",
        "code:error",
        "colour:red",
        "flag:a|b",
        "flag:ok;error:x,",
    ],
)
def test_another_form_is_refused_with_the_right_one(
    project: Path, noctule: Noctule, option: str
) -> None:
    write(project, {"id": TEXT})
    refused = noctule("plan", REQUEST, *PARTS, "--failure", option)
    assert refused.code == 2
    assert "flag:ok,code:error" in refused.err


def test_the_task_itself_may_declare_it(project: Path, noctule: Noctule) -> None:
    write(project, {"id": TEXT, "error": TEXT})
    assert noctule("plan", REQUEST, *PARTS).code == 0
    task = project / "integrations/acme.yaml"
    task.write_text(f'{task.read_text()}  failure: "error:error,unauthorized:expired"\n')
    assert noctule("generate").code == 0
    assert 'unauthorized=("expired",)' in (project / "app/services/acme_service.py").read_text()
    task.write_text(task.read_text().replace("error:error", "mistake:error"))
    broken = noctule("generate")
    assert broken.code == 2
    assert "Traceback" not in broken.err
