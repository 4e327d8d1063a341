"""The documentation is true: its commands run, its pages are written, its links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import DOCUMENT, command
from support.paths import CARD, DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [ROOT / "README.md", ROOT / "README.fr.md", *sorted((DOCS).glob("*.md"))]
READMES = PAGES[:2]
ALL_PAGES = sorted({*ROOT.glob("*.md"), *PAGES})
ORDER = {
    "201": {
        "description": "Created",
        "content": {"application/json": {"schema": {"type": "object", "properties": {
            "id": {"type": "string"}
        }, "required": ["id"]}}},
    },
    "400": {"description": "A field is missing"},
}  # fmt: skip
ACME = DOCUMENT | {
    "info": {"title": "Acme API", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/orders": {"post": {"summary": "Create an order", "responses": ORDER}}},
}


def console(page: Path) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with what the page shows below it."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [
        (line, output)
        for block in blocks
        for line, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_commands_of_a_readme_do_what_it_says(page: Path, project: Path) -> None:
    (project / "card.yaml").write_bytes(CARD.read_bytes())
    (project / "acme.openapi.json").write_text(json.dumps(ACME))
    lines = console(page)
    assert len(lines) >= 7
    for line, output in lines:
        name, *arguments = shlex.split(line)
        assert name == "noctule"
        done = command(project, *arguments)
        assert done.code == (1 if arguments[0] == "check" and output else 0), (line, done.err)
        assert not output or done.out == output, line


def test_both_readmes_run_the_same_commands() -> None:
    english, french = ([line.split()[:2] for line, _ in console(page)] for page in READMES)
    assert english == french


def test_the_command_page_is_built_from_the_commands() -> None:
    sys.path.insert(0, str(DOCS))
    try:
        import build
    finally:
        sys.path.pop(0)
    for path, text in build.pages().items():
        assert path.read_text("utf-8") == text, f"run: make pages ({path.name})"


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([\w./-]+\.(?:md|svg))", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_paths_of_the_repository_exist(page: Path) -> None:
    ours = r"`((?:src|benchmarks|docs|tests/(?:unit|integration|acceptance|support))/[\w./-]+)`"
    for path in re.findall(ours, page.read_text("utf-8")):
        assert (ROOT / path).exists(), path


def test_every_page_is_reached_from_the_readme() -> None:
    for readme in READMES:
        linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", readme.read_text("utf-8")))
        assert linked == {page.name for page in PAGES[2:]}
