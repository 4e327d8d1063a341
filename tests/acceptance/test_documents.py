"""Packs and real documents, each with a request that fits, through all four stages.

The stages run in one process here; what differs from the command line is only who prints.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noctule.planning import Question, detect_language
from noctule.problem import Exit, Problem
from noctule.proving import table
from noctule.stages.generate import generate
from noctule.stages.plan import PlanOptions, plan_task
from noctule.stages.prove import prove_task
from noctule.stages.test import run_task_tests
from support.paths import SPECS

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.stages.plan import Planned
    from support.command_line import Noctule

PARCEL = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "weight": {"type": "integer"}},
}


def answers(schema: Any = None, errors: tuple[str, ...] = ("404",)) -> Any:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {
        "responses": {
            "200" if schema else "204": {"description": "Good.", **content},
            **{status: {"description": "Bad."} for status in errors},
        }
    }


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
PARCELS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Parcels", "version": "1"},
    "servers": [{"url": "https://api.parcels.test"}],
    "security": [{"key": []}],
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
    "paths": {
        "/parcels": {"get": answers({"type": "array", "items": PARCEL})},
        "/parcels/{id}": {"parameters": [ID], "get": answers(PARCEL), "delete": answers()},
        "/depots": {"get": answers({"type": "array", "items": PARCEL}, errors=())},
    },
}
"""One operation of it documents no error."""
FAULTS = ("none", "refused", "rate_limited", "answer_lost", "wrong_signature", "duplicate")
PACKS = {
    "github": "Create issues and comment on them with GitHub",
    "slack": "Répondre en bot sur Slack",
    "twilio": "Send SMS messages with Twilio",
    "sendgrid": "Envoyer des e-mails avec SendGrid",
}
COMPLETE = {
    "stripe": "Intégrer Stripe pour les paiements",
    "github": "Create issues and comment on them with GitHub",
    "slack": "Envoyer des messages Slack dans un canal",
    "spotify": "Search tracks and create a playlist on Spotify",
    "digitalocean": "Create, list and delete droplets on DigitalOcean",
    "box": "Upload a file to Box and share a folder",
}
INCOMPLETE = {
    "adyen-checkout": "Encaisser des paiements avec Adyen",
    "twilio": "Send SMS messages with Twilio",
    "sendgrid": "Envoyer des e-mails avec SendGrid",
    "notion": "Retrieve a page in Notion and query a database",
    "plaid": "Créer un link token Plaid et lire les transactions",
    "gitlab": "List projects and create a merge request on GitLab",
}
"""Documents that lack what a wrapper needs; the gate says what."""
here = pytest.mark.skipif(not SPECS.is_dir(), reason="the real API documents are not here")


def planned(project: Path, request: str, document: str | None = None, reason: str = "") -> Planned:
    options = PlanOptions(
        request=request, language=detect_language(request), document=document, accepted=reason
    )
    result = plan_task(project, options)
    assert not isinstance(result, Question), result
    result.write()
    return result


def holds(result: Planned) -> None:
    context = result.context
    generate(context).write()
    again = generate(context)
    assert {change.action for change in again.changes} == {"identical"}
    report = run_task_tests(context)
    assert report is not None
    assert report.green, report.output
    matrix = prove_task(context, faults=FAULTS)
    assert matrix.held, table(matrix, "en")


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_goes_through_all_stages(pack: str, project: Path) -> None:
    result = planned(project, PACKS[pack])
    assert result.context.task.provider == pack
    assert result.context.task.webhooks
    holds(result)


@here
@pytest.mark.parametrize("name", COMPLETE)
def test_a_real_document_goes_through_all_stages(name: str, project: Path) -> None:
    holds(planned(project, COMPLETE[name], str(SPECS / f"{name}.json")))


def test_a_whole_document_is_proved_by_a_few_of_its_methods(
    noctule: Noctule, project: Path
) -> None:
    document = project / "parcels.json"
    document.write_text(json.dumps(PARCELS), "utf-8")
    wish = ("integrate", "Wrap the parcels", "--whole", "--doc", "parcels.json", "--json")
    refused = noctule(*wish)
    assert refused.code == Exit.REFUSED
    assert "GET /depots" in refused.err
    done = noctule(*wish, "--accept-incomplete", "tried by hand")
    assert done.code == 0, done.err
    assert done.json["scope"] == "whole"
    assert done.json["tests"]["passed"] > len(PARCELS["paths"])
    assert done.json["proof"]["left_out"] == ["parcels.get", "depots.list"]
    assert {row["method"] for row in done.json["proof"]["rows"]} == {
        "parcels.list",
        "parcels.delete",
    }


@here
@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_document_is_refused_without_a_reason(name: str, project: Path) -> None:
    document = str(SPECS / f"{name}.json")
    result = planned(project, INCOMPLETE[name], document)
    with pytest.raises(Problem) as refused:
        generate(result.context)
    assert refused.value.key == "checks.incomplete"
    assert refused.value.exit is Exit.REFUSED
    result = planned(project, INCOMPLETE[name], document, "tried by hand on 2026-11-24")
    assert result.context.task.accepted_incomplete == "tried by hand on 2026-11-24"
    holds(result)
