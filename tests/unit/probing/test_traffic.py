"""Recorded traffic against a document: what is found, and that the overlay makes it right."""

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from noctule import apidoc
from noctule.apidoc.overlay import apply, read
from noctule.probing import har
from noctule.probing.comparison import compare
from noctule.probing.discrepancies import Discrepancy, discrepancies
from noctule.problem import Problem
from noctule.stages.probe import probe_traffic

PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "owner": {"$ref": "#/components/schemas/Owner"},
        "tags": {"type": "string"},
        "kind": {"type": "string", "enum": ["cat", "dog"]},
    },
}
TOKEN = {"type": "oauth2", "flow": "application", "tokenUrl": "https://api.test", "scopes": {}}
OWNER = {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}}


def document(version: str = "3.1.0", prefix: str = "https://api.test") -> dict[str, Any]:
    def answer(schema: Any) -> Any:
        return {"description": "ok", "content": {"application/json": {"schema": schema}}}

    pet = {"$ref": "#/components/schemas/Pet"}
    return {
        "openapi": version,
        "info": {"title": "Pets", "version": "1"},
        "servers": [{"url": prefix}],
        "paths": {
            "/pets": {
                "get": {"responses": {"200": answer({"type": "array", "items": pet})}},
                "post": {"responses": {"201": answer(pet)}},
            },
            "/pets/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True}],
                "get": {"responses": {"200": answer(pet)}},
                "delete": {"responses": {"200": answer(pet)}},
            },
        },
        "security": [{"token": []}],
        "components": {
            "schemas": {"Pet": PET, "Owner": OWNER},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def swagger() -> dict[str, Any]:
    pet = {"$ref": "#/definitions/Pet"}
    schemas = json.dumps({"Pet": PET, "Owner": OWNER}).replace(
        "#/components/schemas", "#/definitions"
    )
    return {
        "swagger": "2.0",
        "info": {"title": "Pets", "version": "1"},
        "host": "api.test",
        "produces": ["application/json"],
        "paths": {
            "/pets/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
                "get": {"responses": {"200": {"description": "ok", "schema": pet}}},
                "delete": {"responses": {"200": {"description": "ok", "schema": pet}}},
            },
        },
        "definitions": json.loads(schemas),
        "security": [{"token": []}],
        "securityDefinitions": {"token": TOKEN},
    }


def entry(
    method: str,
    path: str,
    status: int,
    body: Any = None,
    media: str = "application/json",
    also: tuple[str, ...] = (),
    scheme: str = "Bearer",
) -> dict[str, Any]:
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    headers = [{"name": "Content-Type", "value": media}] if text else []
    headers += [{"name": name, "value": "s3cret"} for name in also]
    sent = [{"name": "Authorization", "value": f"{scheme} s3cret"}]
    return {
        "request": {"method": method, "url": f"https://api.test{path}", "headers": sent},
        "response": {"status": status, "headers": headers, "content": {"text": text}},
    }


def capture(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def found(described: Any, *entries: Any) -> list[Discrepancy]:
    read_document = apidoc.parse(json.dumps(described).encode(), source="pets.json")
    return discrepancies(compare(read_document, har.read(capture(*entries), place="c.har")))


ID = "6f1c4f4a-6e0e-4e55-9a9e-0a5a5a5a5a5a"
TOM = {"id": ID, "name": "Tom"}
LIES = [
    ("undocumented_member", entry("GET", "/pets/1", 200, TOM | {"age": 3})),
    ("missing_member", entry("GET", "/pets/1", 200, {"id": ID})),
    ("null", entry("GET", "/pets/1", 200, TOM | {"name": None})),
    ("null", entry("GET", "/pets/1", 200, TOM | {"owner": None})),
    ("null", entry("GET", "/pets/1", 200, TOM | {"kind": None})),
    ("type", entry("GET", "/pets/1", 200, TOM | {"name": 7})),
    ("container", entry("GET", "/pets/1", 200, TOM | {"tags": ["a", "b"]})),
    ("format", entry("GET", "/pets/1", 200, TOM | {"id": "pet_1"})),
    ("enum", entry("GET", "/pets/1", 200, TOM | {"kind": "cow"})),
    ("undocumented_status", entry("GET", "/pets/1", 404, {"message": "no such pet"})),
    ("undocumented_status", entry("DELETE", "/pets/1", 204)),
    ("no_body", entry("DELETE", "/pets/1", 200)),
]  # fmt: skip
LIES += [
    ("undocumented_header", entry("GET", "/pets/1", 200, TOM, also=("X-Next-Page", "X-Other"))),
    ("credential", entry("GET", "/pets/1", 200, TOM, scheme="Basic")),
]
LIES_OF_3 = [
    *LIES,
    ("media_type", entry("GET", "/pets/1", 200, TOM, "application/vnd.pets+json")),
    ("container", entry("GET", "/pets", 200, {"data": [TOM]})),
]


@pytest.mark.parametrize(
    ("version", "kind", "observation"),
    [("2.0", *lie) for lie in LIES] + [(v, *lie) for v in ("3.0.3", "3.1.0") for lie in LIES_OF_3],
)
def test_a_lie_is_found_and_after_the_overlay_it_is_none(
    tmp_path: Path, version: str, kind: str, observation: Any
) -> None:
    described = swagger() if version == "2.0" else document(version)
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(described), "utf-8")
    traffic.write_bytes(capture(observation, observation))
    report = probe_traffic(str(path), traffic)
    ((discrepancy, actions),) = report.corrected
    assert (discrepancy.kind, discrepancy.times, discrepancy.of) == (kind, 2, 2)
    assert actions
    overlay = read(report.overlay(tmp_path).encode(), place="o.yaml")
    applied = apply(overlay, described)
    assert applied.unmatched == ()
    path.write_text(json.dumps(applied.document), "utf-8")
    assert probe_traffic(str(path), traffic).good
    assert overlay.extends == "pets.json"


@pytest.mark.parametrize("lie", [lie for _, lie in LIES_OF_3 if lie["response"]["status"] == 200])
def test_after_the_overlay_an_independent_validator_takes_the_answer(
    tmp_path: Path, lie: Any
) -> None:
    described = document()
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(described), "utf-8")
    traffic.write_bytes(capture(lie))
    overlay = read(probe_traffic(str(path), traffic).overlay(tmp_path).encode(), place="o.yaml")
    corrected = apply(overlay, described).document
    method, _, place = (lie["request"]["method"].lower(), None, lie["request"]["url"])
    template = "/pets" if place.endswith("/pets") else "/pets/{id}"
    response = corrected["paths"][template][method]["responses"]["200"]
    text = lie["response"]["content"]["text"]
    if not text:
        assert "content" not in response
        return
    media = lie["response"]["headers"][0]["value"]
    schema = {**response["content"][media]["schema"], "components": corrected["components"]}
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(json.loads(text))


def test_a_null_is_allowed_where_it_came_and_not_wherever_the_component_is_used() -> None:
    described = document()
    read_document = apidoc.parse(json.dumps(described).encode(), source="pets.json")
    lie = entry("GET", "/pets/1", 200, TOM | {"owner": None})
    (discrepancy,) = discrepancies(compare(read_document, har.read(capture(lie), place="c.har")))
    assert discrepancy.pointer == "#/components/schemas/Pet/properties/owner"


def test_one_cause_in_several_operations_is_one_finding() -> None:
    more = TOM | {"age": 3}
    (discrepancy,) = found(
        document(),
        entry("GET", "/pets", 200, [more, TOM, more]),
        entry("POST", "/pets", 201, more),
        entry("GET", "/pets/1", 200, TOM),
    )
    assert (discrepancy.kind, discrepancy.times, discrepancy.of) == ("undocumented_member", 2, 2)
    assert discrepancy.operations == ("GET /pets", "POST /pets")
    assert discrepancy.places == ("/*/age", "/age")
    assert discrepancy.verdict == "document"


def test_what_only_some_answers_show_is_unclear_and_keeps_the_documented_type(
    tmp_path: Path,
) -> None:
    described = document()
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(described), "utf-8")
    other = entry("GET", "/pets/1", 200, TOM | {"name": 7})
    traffic.write_bytes(capture(entry("GET", "/pets/1", 200, TOM), other))
    report = probe_traffic(str(path), traffic)
    ((seen, _),) = report.corrected
    assert (seen.verdict, seen.times, seen.of) == ("unclear", 1, 2)
    corrected = apply(read(report.overlay(tmp_path).encode(), place="o.yaml"), described).document
    name = corrected["components"]["schemas"]["Pet"]["properties"]["name"]
    valid = jsonschema_rs.Draft202012Validator(name).is_valid
    assert [valid("Tom"), valid(7), valid(None)] == [True, True, False]


def test_a_server_error_is_the_providers_and_corrects_nothing(tmp_path: Path) -> None:
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(document()), "utf-8")
    traffic.write_bytes(capture(entry("GET", "/pets/1", 500, "oops", "text/plain")))
    ((discrepancy, actions),) = probe_traffic(str(path), traffic).corrected
    assert (discrepancy.kind, discrepancy.verdict, actions) == (
        "undocumented_status",
        "provider",
        (),
    )


@pytest.mark.parametrize("prefix", ["https://api.test", "https://api.test/v1", "/"])
def test_a_base_path_that_the_document_lacks_is_one_finding(tmp_path: Path, prefix: str) -> None:
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(document(prefix=prefix)), "utf-8")
    calls = [entry("GET", "/api/v2/pets/1", 200, TOM), entry("GET", "/api/v2/pets", 200, [TOM])]
    traffic.write_bytes(capture(*calls))
    ((discrepancy, actions),) = probe_traffic(str(path), traffic).corrected
    assert (discrepancy.kind, discrepancy.difference.observed) == ("base_path", "/api/v2")
    host = prefix.removesuffix("/v1") if "://" in prefix else ""
    assert [action["update"] for action in actions] == [f"{host}/api/v2"]


def test_a_path_that_the_document_lacks_is_told_once() -> None:
    (discrepancy,) = found(
        document(), entry("GET", "/owners/123", 200, {}), entry("GET", "/owners/456", 200, {}),
        entry("GET", "/pets/1", 200, TOM), entry("GET", "/pets/2", 200, TOM),
    )  # fmt: skip
    assert (discrepancy.kind, discrepancy.times) == ("undocumented_path", 2)
    assert discrepancy.operations == ("GET /owners/{owner_id}",)


def test_neither_values_nor_credentials_reach_the_report_or_the_overlay(tmp_path: Path) -> None:
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(document()), "utf-8")
    leaking = TOM | {"name": 7777777, "kind": "s3cret", "token": "s3cret", "tags": ["s3cret"]}
    traffic.write_bytes(
        capture(
            entry("GET", "/pets/1?key=s3cret", 200, leaking),
            entry("GET", "/pets/s3cret", 404, {"error": "s3cret"}),
        )
    )
    report = probe_traffic(str(path), traffic)
    text = report.overlay(tmp_path)
    assert "s3cret" not in text
    assert "7777777" not in text
    assert "token" in text
    assert "s3cret" not in json.dumps(report.as_json())


def test_bodies_in_base64_and_entries_without_an_answer() -> None:
    packed = entry("GET", "/pets/1", 200)
    packed["response"]["content"] = {
        "encoding": "base64",
        "text": base64.b64encode(json.dumps(TOM | {"age": 1}).encode()).decode(),
        "mimeType": "application/json; charset=utf-8",
    }
    failed = entry("GET", "/pets/1", 0)
    (discrepancy,) = found(document(), packed, failed, {}, {"request": {"url": "::"}})
    assert (discrepancy.kind, discrepancy.of) == ("undocumented_member", 1)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"log": {"entries": 1}}', b"\xff"])
def test_what_is_no_capture_is_refused(data: bytes) -> None:
    with pytest.raises(Problem, match="HAR"):
        har.read(data, place="c.har")


@pytest.mark.parametrize("version", ["3.1.0", "2.0"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_credential_that_the_document_does_not_ask_for(
    tmp_path: Path, version: str, empty: bool
) -> None:
    described = swagger() if version == "2.0" else document(version)
    del described["security"]
    described.pop("securityDefinitions", None)
    described.get("components", {}).pop("securitySchemes", None)
    for methods in described["paths"].values():
        for method in methods.keys() - {"parameters"} if empty else ():
            methods[method]["security"] = []
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(described), "utf-8")
    refused = entry("GET", "/pets/2", 200, TOM, scheme="Basic")
    traffic.write_bytes(capture(entry("GET", "/pets/1", 200, TOM, scheme="Basic"), refused))
    report = probe_traffic(str(path), traffic)
    ((seen, _),) = report.corrected
    assert (seen.kind, seen.difference.observed, seen.times) == (
        "undocumented_credential",
        "HTTP basic",
        2,
    )
    corrected = apply(read(report.overlay(tmp_path).encode(), place="o.yaml"), described).document
    path.write_text(json.dumps(corrected), "utf-8")
    assert probe_traffic(str(path), traffic).good
    operations = apidoc.load(path).operations
    assert {operation.security for operation in operations.values()} == {(("basic",),)}


def test_a_header_in_several_operations_is_one_finding_and_corrected_in_each(
    tmp_path: Path,
) -> None:
    path, traffic = tmp_path / "pets.json", tmp_path / "traffic.har"
    path.write_text(json.dumps(document()), "utf-8")
    calls = [
        entry("GET", "/pets/1", 200, TOM, also=("Link",)),
        entry("GET", "/pets", 200, [TOM], also=("link", "Date")),
    ]
    traffic.write_bytes(capture(*calls))
    ((seen, actions),) = probe_traffic(str(path), traffic).corrected
    assert (seen.kind, seen.operations) == ("undocumented_header", ("GET /pets/{id}", "GET /pets"))
    assert len(actions) == 2
