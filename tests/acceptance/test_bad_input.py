"""Each bad input: place, cause, next command, the documented exit code, and nothing written."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from support.command_line import DOCUMENT, command, snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import Noctule

STRIPE = "Integrate Stripe for payments"


def refused(folder: Path, code: int, *arguments: str) -> str:
    """The words of a command that ends with `code`, cause what to do next, and writes nothing."""
    before = snapshot_of(folder)
    done = command(folder, *arguments)
    assert done.code == code, done.err
    assert done.out == ""
    assert "noctule: " in done.err or "noctule : " in done.err
    assert "next: " in done.err or "ensuite : " in done.err or "--help" in done.err
    assert snapshot_of(folder) == before
    return done.err


@pytest.mark.parametrize("request_", ["", "   ", "42"])
def test_a_request_without_words(project: Path, request_: str) -> None:
    assert "request is empty" in refused(project, 2, "integrate", request_)


def test_an_unknown_provider(project: Path) -> None:
    message = refused(project, 2, "integrate", "Intégrer Foobar pour les paiements")
    assert "Foobar" in message
    assert "--doc" in message


def test_a_missing_document(project: Path) -> None:
    assert "no such file" in refused(project, 2, "plan", "Use it", "--doc", "none.json")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"a": 1}', "not an OpenAPI"),
        ("{", "it.yaml:1:2"),
        ("a: &x 1\nb: *x\n", ""),
        ("openapi: 9.9.9\ninfo: {}\n", "9.9.9"),
        ("", ""),
        ("\x00\x01", ""),
    ],
)
def test_a_file_that_is_not_an_api_document(project: Path, text: str, cause: str) -> None:
    (project / "it.yaml").write_text(text)
    message = refused(project, 2, "plan", "Use it", "--doc", "it.yaml")
    assert "it.yaml" in message
    assert cause in message


def test_a_recursive_document(noctule: Noctule, project: Path) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    answer = {"schema": {"$ref": "#/components/schemas/Node"}}
    operation = {
        "summary": "Read a node",
        "responses": {
            "200": {"description": "It", "content": {"application/json": answer}},
            "404": {"description": "None"},
        },
        "security": [{}],
    }
    document = DOCUMENT | {
        "paths": {"/nodes/{id}": {"get": operation | {"parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ]}}},
        "components": {"schemas": {"Node": node}},
    }  # fmt: skip
    (project / "nodes.json").write_text(json.dumps(document))
    done = noctule(
        "plan", "Read a node of Parcels", "--doc", "nodes.json", "--accept-incomplete", "open"
    )
    assert done.code == 0, done.err
    done = noctule("generate")
    assert done.code == 0, done.err


def test_a_project_that_is_a_file_or_missing(project: Path) -> None:
    (project / "file").write_text("")
    assert "is a file" in refused(project, 2, "integrate", STRIPE, "--project", "file")
    assert "mkdir -p gone" in refused(project, 2, "integrate", STRIPE, "--project", "gone")


def test_a_project_that_cannot_be_written(project: Path) -> None:
    project.chmod(0o555)
    message = refused(project, 6, "integrate", STRIPE)
    assert "cannot be written to" in message
    assert "--dry-run" in message


def test_a_file_where_a_folder_is_needed(project: Path) -> None:
    (project / "integrations").write_text("")
    message = refused(project, 2, "integrate", STRIPE)
    assert "integrations" in message


def test_a_folder_where_a_file_should_be(project: Path) -> None:
    (project / "integrations" / "stripe.yaml").mkdir(parents=True)
    refused(project, 2, "plan", STRIPE)


def test_a_disk_that_refuses_leaves_nothing_half_written(noctule: Noctule, project: Path) -> None:
    noctule("plan", STRIPE)
    (project / "app").write_text("a file where a folder is needed")
    before = snapshot_of(project)
    done = noctule("generate")
    assert done.code in (2, 6)
    assert "app" in done.err
    assert snapshot_of(project) == before


def test_a_task_with_an_unknown_operation(noctule: Noctule, project: Path) -> None:
    noctule("plan", STRIPE)
    task = project / "integrations" / "stripe.yaml"
    task.write_text(task.read_text().replace("POST /v1/customers", "POST /v1/custommers"))
    message = refused(project, 2, "generate")
    assert "POST /v1/custommers" in message
    assert "noctule check integrations/stripe.yaml" in message
    done = noctule("check", "integrations/stripe.yaml")
    assert done.code == 1
    assert "POST /v1/customers" in done.out


def test_a_task_with_a_secret_in_it(noctule: Noctule, project: Path) -> None:
    noctule("plan", STRIPE)
    task = project / "integrations" / "stripe.yaml"
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    task.write_text(task.read_text().replace("Secret API key", secret))
    message = refused(project, 3, "generate")
    assert secret not in message
    done = noctule("check", "integrations/stripe.yaml")
    assert done.code == 1
    assert secret not in done.out + done.err


@pytest.mark.parametrize("text", ["", "x: 1\n", "- 1\n", "integration_task: [", "a: *b\n"])
def test_a_file_that_is_not_a_task(project: Path, text: str) -> None:
    (project / "task.yaml").write_text(text)
    refused(project, 2, "check", "task.yaml")


def test_no_task_and_several_tasks(noctule: Noctule, project: Path) -> None:
    refused(project, 2, "generate")
    noctule("plan", STRIPE)
    shutil.copy(project / "integrations/stripe.yaml", project / "integrations/two.yaml")
    assert "integrations/two.yaml" in refused(project, 2, "prove")


def test_the_document_changed_since_the_plan(noctule: Noctule, project: Path) -> None:
    document = project / "parcels.json"
    document.write_text(json.dumps(DOCUMENT))
    request = "Create a parcel with Parcels"
    done = noctule(
        "plan", request, "--doc", "parcels.json", "--accept-incomplete", "no sandbox yet"
    )
    assert done.code == 0, done.err
    document.write_text(json.dumps(DOCUMENT) + "\n")
    message = refused(project, 2, "generate")
    assert f'noctule plan "{request}" --doc parcels.json' in message


def test_an_incomplete_document_is_refused_with_its_gaps(project: Path) -> None:
    (project / "parcels.json").write_text(json.dumps(DOCUMENT))
    done = command(project, "integrate", "Create a parcel", "--doc", "parcels.json")
    assert done.code == 3
    assert "POST /parcels" in done.err
    assert "sandbox" in done.err
    assert not (project / "app").exists()
    reason = "the provider has no sandbox; tried by hand"
    done = command(
        project, "integrate", "Create a parcel", "--doc", "parcels.json",
        "--accept-incomplete", reason,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert reason in (project / "integrations" / "parcels.yaml").read_text()
    assert "refused (webhooks)" in done.out


def test_generate_keeps_the_reason_and_the_comments(noctule: Noctule, project: Path) -> None:
    (project / "parcels.json").write_text(json.dumps(DOCUMENT))
    noctule("plan", "Create a parcel", "--doc", "parcels.json")
    task = project / "integrations" / "parcels.yaml"
    task.write_text("# ours\n" + task.read_text())
    assert noctule("generate").code == 3
    done = noctule("generate", "--accept-incomplete", 'it has no "sandbox"')
    assert done.code == 0, done.err
    assert task.read_text().startswith("# ours\n")
    assert noctule("check", "integrations/parcels.yaml").code == 0
    before = snapshot_of(project)
    assert noctule("generate").code == 0
    assert snapshot_of(project) == before


def test_unsigned_webhooks_are_refused(project: Path) -> None:
    (project / "parcels.json").write_text(json.dumps(DOCUMENT))
    message = refused(
        project, 3, "plan", "Receive the webhooks of Parcels", "--doc", "parcels.json"
    )
    assert "signed" in message or "sign" in message


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ("Receive webhooks from Postmark", "does not sign"),
        ("Recevoir les webhooks de Postmark", "ne signe pas"),
    ],
)
def test_unsigned_webhooks_are_refused_before_a_document_is_missed(
    project: Path, request_text: str, reason: str
) -> None:
    assert reason in refused(project, 3, "plan", request_text)


def test_operations_need_a_document_even_if_webhooks_are_unsigned(project: Path) -> None:
    message = refused(project, 2, "plan", "Send emails with Postmark and receive its webhooks")
    assert "--doc" in message


def test_a_question_is_one_json_object(project: Path) -> None:
    done = command(project, "integrate", "Stripe")
    assert done.code == 5
    question = done.json["error"]["question"]
    assert question["option"] == "--need"
    assert "payments" in [choice["value"] for choice in question["choices"]]
    answered = command(project, "plan", "Stripe", "--need", "payments")
    assert answered.code == 0


def test_an_error_is_one_json_object(project: Path) -> None:
    done = command(project, "plan", "", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "planning.empty_request"
    assert done.json["error"]["exit"] == 2


@pytest.mark.parametrize("arguments", [["nothing"], ["plan"], ["plan", "a", "--nothing"]])
def test_a_wrong_command_line(project: Path, arguments: list[str]) -> None:
    done = command(project, *arguments)
    assert done.code == 2
    assert "--help" in done.err
