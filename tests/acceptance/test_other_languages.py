"""A project in another language is refused by name, and nothing is written into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.command_line import command, snapshot_of
from support.paths import CARD

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = "Integrate Stripe for payments"
WORDS = {
    "en": "This is a Next.js project; noctule cannot generate TypeScript yet.",
    "fr": "C'est un projet Next.js ; noctule ne sait pas encore générer du TypeScript.",
}


@pytest.fixture
def shop(project: Path) -> Path:
    """A Next.js project with the card's example as its task."""
    dependencies = {"next": "15.1.0", "react": "19.0.0"}
    (project / "package.json").write_text(json.dumps({"dependencies": dependencies}))
    (project / "app").mkdir()
    (project / "app" / "page.tsx").write_text("export default function Page() {}\n")
    (project / "integrations").mkdir()
    (project / "integrations" / "stripe.yaml").write_text(CARD.read_text())
    return project


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "arguments",
    [("plan", REQUEST), ("integrate", REQUEST), ("integrate", REQUEST, "--dry-run"), ("generate",)],
)
def test_a_next_js_project_is_refused_by_name(
    shop: Path, arguments: tuple[str, ...], language: str
) -> None:
    before = snapshot_of(shop)
    done = command(shop, *arguments, "--lang", language)
    assert done.code == 2
    assert done.out == ""
    assert f"package.json: {WORDS[language]}" in done.err.replace(" : ", ": ")
    assert "--target plain --project" in done.err
    assert snapshot_of(shop) == before


def test_the_refusal_as_json(shop: Path) -> None:
    done = command(shop, "plan", REQUEST, "--json")
    assert done.code == 2
    assert done.json["error"]["place"] == "package.json"
    assert done.json["error"]["cause"] == WORDS["en"]


def test_a_target_writes_python_all_the_same(shop: Path) -> None:
    (shop / "integrations" / "stripe.yaml").unlink()
    assert command(shop, "plan", REQUEST, "--target", "plain").code == 0
    assert command(shop, "generate").code == 0
    assert (shop / "app" / "services" / "stripe_service.py").is_file()


def test_a_folder_of_its_own_is_what_the_refusal_proposes(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "payments"
    folder.mkdir()
    done = command(shop, "plan", REQUEST, "--target", "plain", "--project", str(folder))
    assert done.code == 0
    assert (folder / "integrations" / "stripe.yaml").is_file()
