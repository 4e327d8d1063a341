"""Packs and real documents, each with a request that fits, through all four stages.

The stages run in one process here; what differs from the command line is only who prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import SPECS

from noctule.planning import Question, detect_language
from noctule.problem import Exit, Problem
from noctule.stages.generating import generate
from noctule.stages.planning import Wish, plan_task
from noctule.stages.project import Project, open_project
from noctule.stages.proving import prove_task
from noctule.stages.testing import run_tests

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.stages.planning import Planned

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
    "postmark": "Envoyer un e-mail transactionnel avec Postmark",
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


def planned(
    project: Project, request: str, document: str | None = None, reason: str = ""
) -> Planned:
    wish = Wish(
        request=request, language=detect_language(request), document=document, accepted=reason
    )
    made = plan_task(project, wish)
    assert not isinstance(made, Question), made
    made.write()
    return made


def holds(project: Project, made: Planned) -> None:
    generate(project, made.file, made.knowledge).write()
    again = generate(project, made.file, made.knowledge)
    assert {change.action for change in again.changes} == {"identical"}
    report = run_tests(project, made.file.task.tests)
    assert report.green, report.output
    matrix = prove_task(project, made.file, made.knowledge, faults=FAULTS)
    assert matrix.held, matrix.text("en")


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_goes_all_the_way(pack: str, project: Path) -> None:
    here = open_project(project)
    made = planned(here, PACKS[pack])
    assert made.file.task.provider == pack
    assert made.file.task.webhooks
    holds(here, made)


@here
@pytest.mark.parametrize("name", COMPLETE)
def test_a_real_document_goes_all_the_way(name: str, project: Path) -> None:
    here = open_project(project)
    holds(here, planned(here, COMPLETE[name], str(SPECS / f"{name}.json")))


@here
@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_document_is_refused_until_somebody_says_why(
    name: str, project: Path
) -> None:
    here, document = open_project(project), str(SPECS / f"{name}.json")
    made = planned(here, INCOMPLETE[name], document)
    with pytest.raises(Problem) as refused:
        generate(here, made.file, made.knowledge)
    assert refused.value.key == "planning.incomplete"
    assert refused.value.exit is Exit.REFUSED
    made = planned(here, INCOMPLETE[name], document, "tried by hand on 2026-11-24")
    assert made.file.task.accepted_incomplete == "tried by hand on 2026-11-24"
    holds(here, made)
