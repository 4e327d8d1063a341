"""A document with everything that can be misread, its generated wrapper, and a proof of it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule import apidoc
from noctule.codegen import render
from noctule.planning import plan
from noctule.project.frameworks import framework_of
from noctule.project.layout import Layout
from noctule.proving import Matrix, prove

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask

TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
ITEM = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "name": TEXT}}
CITY = {"type": "object", "properties": {"city": TEXT}}
JOB = {"type": "object", "required": ["job"], "properties": {"job": TEXT}}
VENDOR = "application/vnd.depot+json"
TOKEN_URL = "https://login.depot.example/token"
SCOPES = {"reports.write": "write reports"}


def content(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": "…", "content": {kind: {"schema": schema}}}


def query(name: str, schema: Any = TEXTS, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **more}


def needs(*schemes: str) -> list[dict[str, list[str]]]:
    return [{scheme: [] for scheme in schemes}]


ID = {"name": "id", "in": "path", "required": True, "schema": TEXT}
PATHS: dict[str, Any] = {
    "/parcels": {
        "get": {
            "operationId": "listParcels",
            "parameters": [
                query("ids", explode=False),
                query("tags"),
                query("kinds", style="pipeDelimited", explode=False),
                query(
                    "filter", {"type": "object", "properties": {"city": TEXT}}, style="deepObject"
                ),
                {"name": "X-Tenant", "in": "header", "required": True, "schema": TEXT},
                {"name": "region", "in": "cookie", "required": True, "schema": TEXT},
            ],
            "responses": {"200": content({"type": "array", "items": ITEM}, VENDOR)},
        },
        "post": {
            "operationId": "createParcel",
            "requestBody": {"required": True, **content({**ITEM, "required": ["name"]})},
            "responses": {"201": content(ITEM), "202": content(JOB)},
        },
    },
    "/parcels/{id}": {
        "get": {
            "operationId": "getParcel",
            "parameters": [ID],
            "responses": {
                "200": {
                    "description": "…",
                    "content": {
                        "application/json": {"schema": ITEM},
                        "application/xml": {"schema": ITEM},
                    },
                },
                "404": {"description": "…"},
            },
        },
        "delete": {
            "operationId": "deleteParcel",
            "security": needs("key", "account"),
            "parameters": [ID],
            "responses": {"204": {"description": "…"}},
        },
    },
    "/status": {
        "get": {"operationId": "getStatus", "security": [], "responses": {"200": content(JOB)}}
    },
    "/parcels/{id}/label": {
        "get": {
            "operationId": "getLabel",
            "parameters": [
                ID,
                {"name": "If-None-Match", "in": "header", "schema": TEXT},
            ],
            "responses": {
                "200": {
                    "description": "…",
                    "content": {
                        "application/json": {"schema": ITEM},
                        VENDOR: {"schema": ITEM},
                    },
                },
                "302": {"description": "…"},
                "304": {"description": "…"},
            },
        }
    },
    "/parcels/{id}/scan": {
        "get": {
            "operationId": "getScan",
            "parameters": [ID],
            "responses": {"302": {"description": "…"}},
        }
    },
    "/labels": {
        "post": {
            "operationId": "uploadLabel",
            "servers": [{"url": "https://upload.depot.example/2"}],
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "required": ["meta", "rows"],
                            "properties": {"meta": ITEM, "rows": TEXT},
                        },
                        "encoding": {"rows": {"contentType": "text/csv"}},
                    }
                },
            },
            "responses": {"200": content(ITEM)},
        }
    },
    "/reports": {
        "post": {
            "operationId": "createReport",
            "security": [{"oauth": ["reports.write"]}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "required": ["columns"],
                            "properties": {"columns": TEXTS},
                        },
                        "encoding": {"columns": {"style": "form", "explode": False}},
                    }
                },
            },
            "responses": {"200": content(ITEM)},
        }
    },
}
SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "account": {"type": "apiKey", "in": "header", "name": "X-Account"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": SCOPES}},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Depot", "version": "1"},
    "servers": [{"url": "https://api.depot.example/v1"}],
    "security": needs("token"),
    "paths": PATHS,
    "components": {"securitySchemes": SCHEMES},
}


@dataclass(frozen=True)
class Generated:
    document: ApiDocument
    task: IntegrationTask
    path: str
    """Of the wrapper, in the project."""
    wrapper: str

    def proven(self, folder: Path, wrapper: str, *faults: str, **options: Any) -> Matrix:
        """The matrix of the wrapper, edited or not."""
        file = folder / self.path
        file.parent.mkdir(parents=True)
        file.write_text(wrapper, encoding="utf-8")
        return prove(
            self.task,
            self.document,
            None,
            folder,
            python=Path(sys.executable),
            faults=faults,
            **options,
        )


def generated(written: dict[str, Any]) -> Generated:
    """A wrapper of every operation of a document."""
    document = apidoc.parse(json.dumps(written).encode(), source="depot.json")
    layout = Layout(framework=framework_of("plain"))
    made = plan("Use Depot", layout=layout, document=document, accepted="test",
                operations=list(document.operations))  # fmt: skip
    assert made.task is not None
    (file,) = (each for each in render(made.task, document, None) if each.role == "wrapper")
    return Generated(document, made.task, file.path, file.text)


@cache
def depot() -> Generated:
    return generated(DOCUMENT)


def listed(name: str, said: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"data": {"type": "array", "items": ITEM}, **said}}
    get = {"operationId": name, "parameters": [*parameters], "responses": {"200": content(schema)}}
    return {"get": get}


COUNT = {"type": "integer"}
LISTS: dict[str, Any] = {
    "/cursors": listed(
        "listCursors",
        {"next_cursor": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}},
        query("cursor", TEXT),
    ),
    "/offsets": listed(
        "listOffsets", {"total": COUNT}, query("offset", COUNT), query("limit", COUNT)
    ),
    "/numbers": listed("listNumbers", {"total_pages": COUNT}, query("page", COUNT)),
    "/addresses": listed("listAddresses", {"next": {"type": ["string", "null"], "format": "uri"}}),
}


@cache
def lists() -> Generated:
    """Lists in pages, of each style."""
    return generated({**DOCUMENT, "paths": LISTS})
