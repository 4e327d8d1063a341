"""What is unconfirmed or retired is said wherever somebody would rely on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from support.command_line import DOCUMENT, command

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    ("typeform", "en"): "was not read in Typeform's own documentation",
    ("typeform", "fr"): "n'a pas été lu dans la documentation ni le code de Typeform",
    ("coinbase-commerce", "en"): "Coinbase closed Commerce on 31 March 2026",
    ("coinbase-commerce", "fr"): "Coinbase a fermé Commerce le 31 mars 2026",
}


@pytest.mark.parametrize(("provider", "language"), WORDS)
def test_plan_and_task_say_it(project: Path, provider: str, language: str) -> None:
    (project / "parcels.json").write_text(json.dumps(DOCUMENT))
    request = ("plan", "Receive the webhooks", "--doc", "parcels.json")
    options = ("--provider", provider, "--operation", "createParcel", "--lang", language)
    done = command(project, *request, *options)
    assert done.code == 0, done.err
    words = WORDS[provider, language]
    assert words in done.out + done.err
    [path] = (project / "integrations").glob("*.yaml")
    task = yaml.safe_load(path.read_text())["integration_task"]
    assert any(words in evidence["says"] for evidence in task["evidence"])
    as_json = command(project, *request, *options, "--json").json
    assert any(words in warning for warning in as_json["warnings"])


def test_generated_code_says_that_a_signature_is_unconfirmed(project: Path) -> None:
    (project / "parcels.json").write_text(json.dumps(DOCUMENT))
    done = command(
        project, "plan", "Receive the webhooks of Typeform", "--doc", "parcels.json",
        "--provider", "typeform", "--operation", "createParcel",
    )  # fmt: skip
    assert done.code == 0, done.err
    path = next((project / "integrations").glob("*.yaml"))
    assert yaml.safe_load(path.read_text())["integration_task"]["webhooks"]
    assert command(project, "generate", "--accept-incomplete", "a test").code == 0
    module = (project / "app" / "api" / "webhooks" / "typeform.py").read_text()
    assert "was not read in the provider's own" in " ".join(module.split())


def test_providers_say_what_is_retired(project: Path) -> None:
    done = command(project, "providers")
    [line] = [line for line in done.out.splitlines() if "coinbase-commerce" in line]
    assert "retired since 2026-03-31" in line
    [known] = [p for p in command(project, "providers", "--json").json["providers"]
               if p["id"] == "coinbase-commerce"]  # fmt: skip
    assert known["retired"]["since"] == "2026-03-31"
    assert known["signature_compared"] == "2026-11-30"
