"""`noctule probe` as docs/probing.md shows it."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import command
from support.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (DOCS / "probing.md").read_text("utf-8")


def entry(status: int, body: Any) -> dict[str, Any]:
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    request = {"method": "GET", "url": "https://api.pets.example/pets/p1", "headers": []}
    return {"request": request, "response": {"status": status, "headers": [], "content": content}}


def test_the_example_of_the_page(project: Path) -> None:
    (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    (answer,) = re.findall(r"answered `(\{.*?\})`", PAGE)
    (project / "pets.json").write_text(document, "utf-8")
    entries = [entry(200, json.loads(answer)), entry(404, {"message": "no such pet"})]
    (project / "traffic.har").write_text(json.dumps({"log": {"entries": entries}}), "utf-8")
    done = command(project, "probe", "pets.json", "--from", "traffic.har")
    assert (done.code, done.out) == (1, shown)

    written = ("--overlay", "pets.overlay.yaml")
    done = command(project, "probe", "pets.json", "--from", "traffic.har", *written, "--lang", "fr")
    assert done.code == 1
    assert "il en corrige 3" in done.out
    done = command(project, "probe", "pets.json", "--from", "traffic.har", *written)
    assert (done.code, "there already" in done.err) == (2, True)
    done = command(project, "probe", "pets.json", "--from", "traffic.har", "--write")
    assert done.code == 2
    done = command(project, "document", "show", "pets.json", *written)
    assert done.code == 0
    (project / "corrected.json").write_text(done.out, "utf-8")
    done = command(project, "probe", "corrected.json", "--from", "traffic.har", "--json")
    assert done.code == 0
    assert json.loads(done.out)["differences"] == []


def test_every_kind_is_on_the_page_and_has_words_in_both_languages() -> None:
    from typing import get_args

    from noctule.messages import say
    from noctule.probing.differences import Kind

    for kind in get_args(Kind):
        assert f"`{kind}`" in PAGE
        words = {"place": "/a", "documented": "x", "observed": "y", "operation": "GET /a"}
        assert say("en", f"probing.{kind}", **words) != say("fr", f"probing.{kind}", **words)


def test_bad_input_is_named(project: Path) -> None:
    (project / "pets.json").write_text("{}", "utf-8")
    (project / "no.har").write_text("{}", "utf-8")
    assert command(project, "probe", "no.json", "--from", "no.har").code == 2
    assert command(project, "probe", "pets.json", "--from", "no.har").code == 2
    (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (project / "pets.json").write_text(document, "utf-8")
    done = command(project, "probe", "pets.json", "--from", "no.har")
    assert done.code == 2
    assert "not a HAR capture" in done.err


def test_a_task_reads_its_document_through_the_overlay(project: Path) -> None:
    """The wrapper has the member that only the traffic shows, also when it is planned again."""
    (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    described = json.loads(document)
    described["paths"]["/pets/{id}"]["get"] |= {"operationId": "getPet", "summary": "Get a pet"}
    described["paths"]["/pets/{id}"]["get"]["responses"]["400"] = {"description": "Bad request"}
    (project / "pets.json").write_text(json.dumps(described), "utf-8")
    answered = entry(200, {"id": "p1", "name": "Tom", "age": 3})
    answered["request"]["headers"] = [{"name": "Authorization", "value": "Bearer t0ken"}]
    (project / "traffic.har").write_text(json.dumps({"log": {"entries": [answered]}}), "utf-8")
    written = ("--overlay", "integrations/pets.overlay.yaml")
    (project / "integrations").mkdir()
    assert command(project, "probe", "pets.json", "--from", "traffic.har", *written).code == 1

    plan = ("plan", "Get a pet from Pets", "--doc", "pets.json")
    assert command(project, *plan, *written).code == 0
    task = (project / "integrations/pets.yaml").read_text("utf-8")
    assert "pets.overlay.yaml" in task
    assert command(project, *plan).code == 0
    assert (project / "integrations/pets.yaml").read_text("utf-8") == task
    assert command(project, "check").code == 0
    assert command(project, "generate").code == 0
    (wrapper,) = project.glob("**/pets_service.py")
    text = wrapper.read_text("utf-8")
    assert "age: int" in text
    assert "PETS_TOKEN" in text
    proof = command(project, "prove")
    assert proof.code == 0, proof.out

    overlay = project / "integrations/pets.overlay.yaml"
    overlay.write_text(overlay.read_text("utf-8").replace("update:", "udpate:", 1), "utf-8")
    done = command(project, "generate")
    assert done.code == 2
    assert "integrations/pets.overlay.yaml#/actions/0" in done.err


def test_an_overlay_without_a_document_is_a_usage_error(project: Path) -> None:
    done = command(project, "plan", "Integrate Stripe for payments", "--overlay", "o.yaml")
    assert (done.code, "--doc" in done.err) == (2, True)


@pytest.fixture
def pets_server() -> Iterator[str]:
    """A sandbox whose pets have an age, which the document does not list."""
    pets: dict[str, dict[str, Any]] = {}

    class Pets(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            sent = json.loads(self.rfile.read(size) or b"{}")
            name = self.path.removeprefix("/pets").strip("/")
            if self.headers.get("Authorization") != "Bearer t0ken":
                return self.reply(401, {"message": "who are you?"})
            if self.command == "POST":
                pets["p1"] = {"id": "p1", "name": sent["name"], "age": 3}
                return self.reply(201, pets["p1"])
            if name not in pets:
                return self.reply(404, {"message": "no such pet"})
            if self.command == "DELETE":
                del pets[name]
                return self.reply(204, None)
            return self.reply(200, pets[name])

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  (the names that the base class calls)

        def reply(self, status: int, body: Any) -> None:
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pets)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        assert pets == {}


def test_a_sandbox_is_called_and_left_as_it_was(
    project: Path, pets_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pet = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "string", "readOnly": True}, "name": {"type": "string"}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    answered = {"description": "A pet", "content": content}
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "security": [{"token": []}],
        "paths": {
            "/pets": {
                "post": {"requestBody": {"content": content}, "responses": {"201": answered}}
            },
            "/pets/{id}": {
                "get": {"responses": {"200": answered, "404": {"description": "No such pet"}}},
                "delete": {"responses": {"204": {"description": "Gone"}}},
            },
        },
        "components": {
            "schemas": {"Pet": pet},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    (project / "pets.json").write_text(json.dumps(described), "utf-8")
    sandbox = ("probe", "pets.json", "--sandbox", pets_server, "--write", "--rate", "100")
    done = command(project, *sandbox, "--dry-run", "--json")
    assert done.code == 0
    assert [call["act"] for call in json.loads(done.out)["calls"]] == [
        "create", "read", "delete", "read_again",
    ]  # fmt: skip
    assert command(project, *sandbox).code == 2
    monkeypatch.setenv("PETS_TOKEN", "sk_live_0")
    assert command(project, *sandbox).code == 3
    monkeypatch.setenv("PETS_TOKEN", "t0ken")
    done = command(project, *sandbox, "--overlay", "pets.overlay.yaml", "--json")
    assert done.code == 1
    report = json.loads(done.out)
    assert (report["answers"], report["made"], report["left"]) == (4, 1, [])
    kinds = {(each["kind"], *each["places"]) for each in report["differences"]}
    assert kinds == {("undocumented_member", "/age"), ("media_type", "")}
    assert "t0ken" not in done.out + (project / "pets.overlay.yaml").read_text("utf-8")
    corrected = command(project, "document", "show", "pets.json", "--overlay", "pets.overlay.yaml")
    (project / "corrected.json").write_text(corrected.out, "utf-8")
    done = command(project, "probe", "corrected.json", *sandbox[2:])
    assert done.code == 0, done.out
    away = ("probe", "pets.json", "--sandbox", "http://127.0.0.1:1")
    done = command(project, *away)
    assert (done.code, "--write" in done.err) == (2, True)
    assert command(project, *away, "--write").code == 6
    assert command(project, "probe", "pets.json", "--sandbox", "nowhere").code == 2
    assert command(project, "probe", "pets.json").code == 2
