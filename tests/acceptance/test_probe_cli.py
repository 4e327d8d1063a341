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
