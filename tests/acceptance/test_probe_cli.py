"""`noctule probe` as docs/probing.md shows it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from support.command_line import command
from support.paths import DOCS

if TYPE_CHECKING:
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
